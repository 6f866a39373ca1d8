import * as z from 'zod'

const count = z.number().nonnegative()
const time = z.string().describe('RFC 3339.')
const nextPage = z
  .string()
  .min(1)
  .exactOptional()
  .describe('If present, there is more: ask again with the same selection and this cursor.')

const namespaceUse = z.looseObject({
  namespace: z.string(),
  events: count,
  bytes: count,
  deadLetters: count,
  rememberedIds: count,
  underWay: count.describe("This receiver's attempts."),
  waiting: count.describe('What this receiver holds in memory for attempts.'),
})

export const stats = z.looseObject({
  inbox: z.enum(['own', 'shared']).describe('`own`, or `shared` with other receivers.'),
  events: count,
  bodyBytes: count,
  pending: count.describe('Deliveries that have not ended.'),
  deadLetters: count,
  rememberedIds: count.describe('Ids that are recognised as duplicates.'),
  oldestPendingMs: count.describe('Age of the oldest pending delivery; 0 without one.'),
  pendingByOwner: z.record(z.string(), count).describe('By uid of the GeminiWebhook.'),
  kept: count
    .exactOptional()
    .describe('Deliveries that succeeded and can be replayed. Missing where the receiver is older than this.'),
  lastDropMsByOwner: z
    .record(z.string(), count)
    .describe(
      'By uid of the GeminiWebhook: when dead letters were dropped for good, within 24 hours and since the start.',
    ),
  namespaces: z.array(namespaceUse).exactOptional().describe('Missing where the receiver is older than this.'),
})

const ofObject = { namespace: z.string(), name: z.string(), uid: z.string() }

export const deadLetterPage = z.looseObject({
  deadLetters: z.array(
    z.looseObject({
      deliveryId: z.string(),
      eventId: z.string(),
      eventType: z.string().describe('`unknown` where the body cannot be read.'),
      sink: z.string(),
      reason: z.string(),
      attempts: count.describe('In all, before it was given up.'),
      lastCause: z
        .string()
        .exactOptional()
        .describe(
          'Why the last step was no success: a word of [a closed list](sinks.md#dead-letters), and the status where the sink answered, such as `status 503`. Missing where nothing was tried, or an earlier version gave it up.',
        ),
      lastStatus: z.number().exactOptional().describe('The status in `lastCause`.'),
      ...ofObject,
      since: z
        .string()
        .exactOptional()
        .describe('When the first attempt was due. Missing where an earlier version gave it up.'),
      endedAt: z.string().describe('When it was given up.'),
    }),
  ),
  cursor: nextPage,
})

export const keptPage = z.looseObject({
  kept: z.array(
    z.looseObject({
      deliveryId: z.string(),
      eventId: z.string(),
      eventType: z.string().describe('`unknown` where the body cannot be read.'),
      sink: z.string(),
      ...ofObject,
      deliveredAt: time,
      keptUntil: z.string().describe('It is dropped sooner if its space is needed.'),
    }),
  ),
  cursor: nextPage,
})

export const deadLetterBody = z.looseObject({
  deliveryId: z.string(),
  eventId: z.string(),
  contentType: z.string(),
  receivedAt: time,
  bodyBase64: z.base64().describe('The bytes as Google sent them.'),
})

export const pendingPage = z.looseObject({
  pending: z.array(
    z.looseObject({
      deliveryId: z.string(),
      eventId: z.string(),
      eventType: z.string().describe('`unknown` where the body cannot be read.'),
      sink: z.string(),
      state: z.string().describe('`waiting`, or `claimed`: an attempt is in flight, or about to start.'),
      attempts: count,
      replayed: z.boolean(),
      ...ofObject,
      since: z.string().describe('When the first attempt was due.'),
      nextTryAt: z.string().exactOptional().describe('Of one that waits.'),
      lastCause: z.string().exactOptional(),
      lastStepAt: z.string().exactOptional(),
    }),
  ),
  cursor: nextPage,
})

const ids = z.array(z.string())

export const replayed = z.looseObject({
  replayed: ids,
  unknown: ids.describe('Neither dead letters nor kept (any more), or there was no space.'),
  cursor: nextPage,
})
export const retried = z.looseObject({
  retried: ids,
  unknown: ids.describe('Not pending (any more), or in flight.'),
  cursor: nextPage,
})

export const errorAnswer = z.looseObject({ error: z.string() })
