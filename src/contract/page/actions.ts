import * as z from 'zod'

import { deadLetterReasons } from '../dead-letter-reasons.ts'

const namespace = z.string().regex(/^[a-z0-9-]{1,63}$/, 'namespace is a namespace name')
const plainName = z.string().regex(/^[a-z0-9.-]{1,253}$/, 'name is the plain name of an object')
/** As deliveries name what they belong to. */
const ownerName = z
  .string()
  .regex(/^(groute\/)?[a-z0-9.-]{1,253}$/, 'name is that of a GeminiWebhook, or groute/ and that of a GeminiRoute')
const pod = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'a pod name')
const word = z.string().regex(/^\S{1,512}$/, 'a text of 1 to 512 characters without blanks')
const time = z.string().regex(/^\d{4}-\d\d-\d\dT\S{1,40}$/, 'a time such as 2026-11-21T12:00:00Z')
/** Of a dead letter or a pending delivery. */
const id = z.string().regex(/^[^\s/]{1,253}\/\S{1,512}$/, 'an id is POD/ID as the list shows it')

const object = { namespace, name: plainName }

/** Named together, as the pages send them; of a webhook or a route, by its address. */
export const objectKey = z.strictObject(object)
export const deliveryKey = z.strictObject({ namespace, name: ownerName, eventId: word })
export const bodyKey = z.strictObject({ id })

const selectionFields = {
  namespace: namespace.exactOptional(),
  name: ownerName.exactOptional(),
  sink: word.exactOptional(),
  eventId: word.exactOptional(),
  type: word.exactOptional(),
  /** Of dead letters. */
  reason: z.enum(deadLetterReasons, `reason is not one of ${deadLetterReasons.join(', ')}`).exactOptional(),
  /** Of pending deliveries. */
  cause: z
    .string()
    .regex(/^[A-Za-z0-9 ]{1,64}$/, 'a cause')
    .exactOptional(),
  since: time.exactOptional(),
  until: time.exactOptional(),
}
const inPair = (given: { namespace?: string; name?: string }) =>
  (given.namespace === undefined) === (given.name === undefined)
const notInPair = 'give namespace and name together'

const selection = z.strictObject(selectionFields).refine(inPair, notInPair)
/** What the flags of `gwh deadletters` and `gwh deliveries` select. */
export type Selection = z.infer<typeof selection>

export const pagedSelection = z
  .strictObject({ ...selectionFields, cursor: z.string().min(1).max(8192).exactOptional() })
  .refine(inPair, notInPair)
export type PagedSelection = z.infer<typeof pagedSelection>

export const countQuery = z
  .strictObject({ ...selectionFields, of: z.enum(['deadLetters', 'pending']) })
  .refine(inPair, notInPair)

/** Those that are named, those that are selected, or all there are: one of the three. */
const targets = z.union([
  z.strictObject({ ids: z.array(id).min(1).max(1_000) }),
  z.strictObject({ selection }),
  z.strictObject({ all: z.literal(true) }),
])

/** What a person does on the page: each is the command of the same name. */
export const actionRequest = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('ping'), ...object }),
  z.strictObject({
    action: z.literal('send'),
    ...object,
    /** Default batch.succeeded. */
    type: z
      .string()
      .regex(/^[a-z0-9_]{1,64}(\.[a-z0-9_]{1,64}){0,4}$/, 'an event type such as batch.succeeded')
      .exactOptional(),
  }),
  z.strictObject({
    action: z.literal('rotate'),
    ...object,
    /** What the person typed: has to be the name. */
    typed: z.string().max(253),
    revokePrevious: z.enum(['AfterGracePeriod', 'Immediately']).exactOptional(),
  }),
  z.strictObject({
    action: z.literal('backfill'),
    ...object,
    /** So long ago; absent: as far as the lookback reaches. */
    since: z
      .string()
      .regex(/^\d{1,4}h$/, 'a duration in hours such as 24h')
      .exactOptional(),
  }),
  z.strictObject({ action: z.literal('replay'), targets }),
  z.strictObject({ action: z.literal('retry'), targets }),
  z.strictObject({ action: z.literal('drain'), pod, to: pod.exactOptional() }),
])
export type ActionRequest = z.infer<typeof actionRequest>

/** How it went, in the words of the command. */
export interface ActionResult {
  /** `unjudged`: whether it went well is not known. */
  readonly outcome: 'done' | 'failed' | 'unjudged'
  /** What the command printed. May hold text from outside: show it as text. */
  readonly says: string
  /** What was wrong, and what to do; empty where nothing was. */
  readonly problem: string
  /** The command line that does the same. */
  readonly command: string
}
