import * as z from 'zod'

import { deadLetterReasons } from '../dead-letter-reasons.ts'
import { geminiEvents, geminiEventTypes, type GeminiEventType } from './gemini-events.ts'

const reasons = deadLetterReasons.map((reason) => `\`${reason}\``).join(', ')

/**
 * The attributes of a CloudEvent 1.0 but its type, as they stand in the JSON of `CloudEventStructured`. With
 * `CloudEventBinary` each is a header `ce-NAME`, and its value the text of what stands here.
 */
const attributes = {
  specversion: z.literal('1.0'),
  id: z.string().min(1).describe('`webhook-id` of the event. Together with `source` the key to find repetitions by.'),
  source: z.string().min(1).describe('The path of the GeminiWebhook in the Kubernetes API.'),
  subject: z.string().optional().describe('`data.id`: the job. Left out beyond 1 KiB.'),
  time: z.iso.datetime({ offset: true }).optional().describe('When it happened, as Google says.'),
  datacontenttype: z.string().describe('Of the bytes that Google sent; in binary mode it is `content-type`.'),
  geminimode: z.enum(['static', 'dynamic']).describe('Whether it came for a registered webhook or for a single job.'),
  deliveryattempt: z.int().min(1).describe('The number of the attempt to hand this event to you.'),
  replayed: z.boolean().describe('Whether the delivery was replayed by hand.'),
  geminiroute: z.string().optional().describe('`NAMESPACE/NAME` of the GeminiRoute that it came by.'),
  geminiorigin: z
    .literal('backfill')
    .optional()
    .describe('`backfill` where Google did not deliver it, and it was found in the list of batches. Absent otherwise.'),
  deadletterreason: z.string().optional().describe(`At a dead letter destination, why it was given up: ${reasons}.`),
  deadlettersink: z.string().optional().describe('At a dead letter destination, the sink that did not get it.'),
  deadletterattempts: z.int().min(0).optional().describe('At a dead letter destination, how many attempts were made.'),
  deadlettercause: z.string().optional().describe('At a dead letter destination, why the last attempt failed.'),
  deadletterstatus: z.int().optional().describe('At a dead letter destination, the status of the last answer.'),
} as const

const typePrefix = 'com.google.gemini.'
const dataBase64 = z.string().describe('In place of `data`: what Google sent, in base64, where that is no JSON.')

function cloudEventSchema(type: GeminiEventType) {
  const data = geminiEvents[type]
  return z
    .looseObject({ ...attributes, type: z.literal(`${typePrefix}${type}`), data })
    .describe(`${data.description ?? ''} \`data\` is what Google sent.`)
}

export const cloudEvents = Object.fromEntries(geminiEventTypes.map((type) => [type, cloudEventSchema(type)])) as Record<
  GeminiEventType,
  ReturnType<typeof cloudEventSchema>
>

/** `com.google.gemini.unknown`, and types that Google adds later. */
export const otherCloudEvent = z
  .looseObject({
    ...attributes,
    type: z.string().meta({ not: { enum: geminiEventTypes.map((type) => `${typePrefix}${type}`) } }),
    data: z.unknown().optional().describe('Whatever Google sent.'),
    data_base64: dataBase64.optional(),
  })
  .describe(`An event of another type, \`${typePrefix}unknown\` where that cannot be read: take it and ignore it.`)
