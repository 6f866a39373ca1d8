import * as z from 'zod'

import { limitUpTo, oneOf, only, text } from './fields.ts'

/** More than is remembered. */
const maxRecent = 5_000
const defaultRecent = 100

const kinds = ['request', 'step'] as const
const fields = {
  namespace: text.exactOptional().describe('Of the GeminiWebhook.'),
  name: text.exactOptional().describe('Of the GeminiWebhook.'),
  eventId: text.exactOptional().describe('`webhook-id`, of what was verified.'),
  sink: text.exactOptional().describe('Steps towards this one only.'),
  kind: oneOf(kinds, 'kind is request or step').exactOptional().describe('`request` or `step`.'),
}
export const streamQuery = only(fields)
export const recentQuery = only({
  ...fields,
  limit: limitUpTo(maxRecent).default(defaultRecent).describe(`1 to ${maxRecent}, by default ${defaultRecent}.`),
})

const at = z.string().describe('When, RFC 3339.')
const durationMs = z.number().describe('With one decimal.')

const requestEntry = z.looseObject({
  kind: z.literal('request'),
  at,
  route: z.string().describe('As a template, since a path may carry a token.'),
  outcome: z.string().describe('That of `gwh_receiver_requests_total`.'),
  status: z.number().exactOptional().describe('Absent if the connection was gone before the answer.'),
  namespace: z.string().exactOptional().describe('Of the endpoint, once the path led to one.'),
  name: z.string().exactOptional(),
  eventId: z.string().exactOptional().describe('Only where the signature held.'),
  keyId: z.string().exactOptional().describe('Only where the signature held.'),
  bodyBytes: z.number().exactOptional(),
  skewSeconds: z.number().exactOptional().describe("How far the sender's time was ahead of the receiver's."),
  headers: z
    .record(z.string(), z.string())
    .describe(
      '`webhook-id`, `webhook-timestamp`, `content-type`, `content-length`, `transfer-encoding`, `user-agent` and `traceparent`, where the request had them, each cut to 256 characters.',
    ),
  durationMs,
})

const stepEntry = z.looseObject({
  kind: z.literal('step'),
  at,
  namespace: z.string(),
  name: z.string(),
  eventId: z.string(),
  sink: z.string(),
  next: z.string().describe('`Succeed`, `Skip` (the filter does not want it), `RetryAt`, `Hold` or `DeadLetter`.'),
  reason: z.string().exactOptional().describe('Of a dead letter.'),
  retryAt: z.string().exactOptional(),
  attempt: z
    .looseObject({
      number: z.number(),
      sinkType: z.string(),
      outcome: z.string(),
      cause: z.string().exactOptional(),
      status: z.number().exactOptional(),
      replayed: z.boolean(),
      durationMs,
    })
    .exactOptional()
    .describe('Absent where nothing was sent.'),
})

/** A request on the public port, or a step of a delivery towards a sink. */
export const deliveryEntry = z.discriminatedUnion('kind', [requestEntry, stepEntry])
export type DeliveryEntry = z.infer<typeof deliveryEntry>

export const eventStreamQuery = only({ namespace: fields.namespace, name: fields.name, eventId: fields.eventId })
export const arrivedEvent = z.looseObject({
  namespace: z.string(),
  name: z.string(),
  eventId: z.string(),
  receivedAt: z.string().describe('RFC 3339.'),
  contentType: z.string().describe('As the sender had it; empty where there was none.'),
  bodyBase64: z.base64().describe('The bytes as Google sent them.'),
})
export type ArrivedEntry = z.infer<typeof arrivedEvent>

export const recentAnswer = z.looseObject({ deliveries: z.array(deliveryEntry) })
