import * as z from 'zod'

import { deadLetterReasons } from '../dead-letter-reasons.ts'

/** What one call takes over, or releases, at most. */
const maxEvents = 1_000
const text = z.string().max(512)
const time = z.number().nonnegative()

const handedDelivery = z.object({
  sink: text.min(1),
  attempts: z.int().nonnegative(),
  firstDueMs: time,
  dueMs: time,
  replayed: z.boolean(),
  lastCause: z.string().max(64).exactOptional(),
  deadLetter: z
    .object({
      reason: z.enum(deadLetterReasons),
      newerReason: z
        .enum(deadLetterReasons)
        .optional()
        .catch(undefined)
        .describe('The reason itself, where `reason` is the nearest that earlier versions know.'),
      endedAtMs: time,
    })
    .exactOptional(),
})

/** One event on its way from one receiver to another, with all that has not ended of it. */
const handedEvent = z.object({
  ref: text.min(1).describe('In the inbox that it comes from.'),
  owner: z.object({ uid: text.min(1), namespace: text.min(1), name: text.min(1) }),
  eventId: z.string().min(1).max(256),
  dedupe: z
    .object({ key: z.string().min(1).max(256), rememberMs: time })
    .exactOptional()
    .describe('What it is recognised by in the place of its id, and for how long, where it is not by its id.'),
  sentAtSeconds: time,
  receivedAtMs: time,
  mode: z.enum(['static', 'dynamic']),
  contentType: text,
  signature: z.string().max(16_384).describe('`webhook-signature` as it came.'),
  bodyBase64: z.base64(),
  trace: z
    .string()
    .max(1_024)
    .exactOptional()
    .describe('The span of a trace that it belongs to, where traces are kept.'),
  deliveries: z.array(handedDelivery).min(1).max(64),
})

export type WrittenEvent = z.infer<typeof handedEvent>

export const handedEvents = z.object({ events: z.array(handedEvent).min(1).max(maxEvents) })
export const handedRefs = z.object({
  refs: z.array(text.min(1)).min(1).max(maxEvents).describe('Of events that are elsewhere now.'),
})

/** Passed on as they came: `gwh` stands between two receivers that may both be newer. */
export const handedPage = z.looseObject({
  events: z.array(z.looseObject({ ref: z.string().describe('And the rest, as `POST /v1/handover` takes it.') })),
})
export const takenOver = z.looseObject({
  results: z.array(
    z.looseObject({
      ref: z.string(),
      result: z.string().describe('`stored` and `duplicate` mean that it is here, durably; `ownerFull`, `inboxFull`.'),
    }),
  ),
})
export const released = z.looseObject({
  released: z.number().nonnegative().describe('How many; their ids stay remembered.'),
})
