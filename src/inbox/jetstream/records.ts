import * as z from 'zod'

import { fromToldReason, toToldReason } from '../../contract/dead-letter-reasons.ts'
import { parseEnvelope } from '../../gemini/parse-event.ts'
import { deadLetterReasons, type DeadLetterReason, type NewEvent } from '../port.ts'

/**
 * What the header of a message says; its payload is an event's body and nothing else, so that receivers can follow the
 * stream by headers alone. Written as one line of ASCII JSON, because a header can hold neither line breaks nor, for
 * certain, anything else.
 */

/** Raised when an older program could no longer read what a newer one writes. */
const format = 1
export const recordHeader = 'Gwh-Record'

const openEvent = z.object({
  kind: z.literal('event'),
  owner: z.object({ uid: z.string(), namespace: z.string(), name: z.string() }),
  eventId: z.string(),
  sentAtSeconds: z.number(),
  receivedAtMs: z.number(),
  mode: z.enum(['static', 'dynamic']),
  contentType: z.string(),
  signature: z.string(),
  sinks: z.array(z.string()),
  /** Versions before this field did not write it. */
  eventType: z.string().default('unknown'),
  bodyBytes: z.number(),
  /** Versions before this field ignore it. */
  trace: z.string().exactOptional(),
  /** What it is recognised by in the place of its id. Versions before this field remember it for as long as an id. */
  dedupe: z.object({ key: z.string(), rememberMs: z.number() }).exactOptional(),
  /** When its deliveries became due. */
  storedAtMs: z.number(),
  /** The receiver that stored it. */
  home: z.string(),
  /** Deliveries that it claimed as it stored them, and in which life of its process. */
  claims: z
    .object({ run: z.string(), leases: z.array(z.object({ sink: z.string(), leaseMs: z.number() })) })
    .exactOptional(),
  /** All its deliveries are dead letters since then, until a record of their own says otherwise. */
  givenUp: z.object({ reason: z.enum(deadLetterReasons), endedAtMs: z.number() }).exactOptional(),
})

/** What is left of an event once nothing needs its body: the memory of its id. */
const closedEvent = z.object({ kind: z.literal('closed'), forgetAtMs: z.number() })

const deliveryCounts = {
  sink: z.string(),
  /** Attempts that were recorded. */
  attempts: z.number(),
  /** Claims since the last record: crashes, unless one is running. */
  unrecorded: z.number(),
  firstDueMs: z.number(),
  replayed: z.boolean(),
  /** Why the last step was not the end, and when that was. Versions before these fields did not write them. */
  cause: z.string().exactOptional(),
  stepMs: z.number().exactOptional(),
  /** The receiver that wrote this. */
  home: z.string(),
}
const delivery = z.discriminatedUnion('state', [
  z.object({ kind: z.literal('delivery'), state: z.literal('waiting'), ...deliveryCounts, dueMs: z.number() }),
  z.object({
    kind: z.literal('delivery'),
    state: z.literal('claimed'),
    ...deliveryCounts,
    leaseMs: z.number(),
    /** One life of a receiver's process: a claim of a former life is given up at its next start. */
    run: z.string(),
  }),
  z.object({
    kind: z.literal('delivery'),
    state: z.literal('dead'),
    ...deliveryCounts,
    reason: z.enum(deadLetterReasons),
    /** A reason that versions before it cannot read: they see the one above, which was there from the beginning. */
    newerReason: z.enum(deadLetterReasons).optional().catch(undefined),
    endedAtMs: z.number(),
    /** Versions before this field did not write it. */
    eventType: z.string().default('unknown'),
  }),
  /** Ended, while another delivery still needs the body. */
  z.object({
    kind: z.literal('delivery'),
    state: z.literal('ended'),
    ...deliveryCounts,
    /** It succeeded then, and its event is kept. Versions before this field close the event: less is kept, no more. */
    kept: z.object({ endedAtMs: z.number(), keepUntilMs: z.number() }).exactOptional(),
  }),
])

export type OpenEventRecord = z.infer<typeof openEvent>
export type FirstClaims = NonNullable<OpenEventRecord['claims']>
export type ClosedEventRecord = z.infer<typeof closedEvent>
export type DeliveryRecord = z.infer<typeof delivery>
export type InboxRecord = OpenEventRecord | ClosedEventRecord | DeliveryRecord

const anyRecord = z.union([openEvent, closedEvent, delivery])
const formatOnly = z.object({ format: z.number() })

export type ReadRecord = { type: 'read'; record: InboxRecord } | { type: 'newer' } | { type: 'unreadable' }

export function writeRecord(record: InboxRecord): string {
  return JSON.stringify({ format, ...asOlderRead(record) }).replaceAll(/[^\x20-\x7e]/g, escapeCharacter)
}

/** Never throws: the stream may hold messages of other publishers. */
export function readRecord(text: string): ReadRecord {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { type: 'unreadable' }
  }
  const version = formatOnly.safeParse(json)
  if (!version.success) return { type: 'unreadable' }
  if (version.data.format > format) return { type: 'newer' }
  const { success, data } = anyRecord.safeParse(json)
  return success ? { type: 'read', record: asWritten(data) } : { type: 'unreadable' }
}

function asOlderRead(record: InboxRecord): InboxRecord {
  const isDead = record.kind === 'delivery' && record.state === 'dead'
  return isDead ? { ...record, ...toToldReason(record.reason) } : record
}

function asWritten(record: InboxRecord): InboxRecord {
  if (record.kind !== 'delivery' || record.state !== 'dead') return record
  const { newerReason, reason, ...rest } = record
  return { ...rest, reason: fromToldReason({ reason, newerReason }) }
}

interface Storing {
  readonly storedAtMs: number
  readonly home: string
  /** None where it has no leases. */
  readonly claims: FirstClaims
  /** Why its deliveries are given up from the beginning. */
  readonly reason?: DeadLetterReason
}

export function toOpenRecord(event: NewEvent, { storedAtMs, home, claims, reason }: Storing): OpenEventRecord {
  const { owner, eventId, sentAtSeconds, receivedAtMs, mode, contentType, signature, sinks, body, trace, dedupe } =
    event
  return {
    kind: 'event',
    owner: { uid: owner.uid, namespace: owner.namespace, name: owner.name },
    eventId,
    sentAtSeconds,
    receivedAtMs,
    mode,
    contentType,
    signature,
    sinks: [...sinks],
    eventType: parseEnvelope(body).type,
    bodyBytes: body.length,
    ...(trace !== undefined && { trace }),
    ...(dedupe !== undefined && { dedupe }),
    storedAtMs,
    home,
    ...(claims.leases.length > 0 && { claims }),
    ...(reason !== undefined && { givenUp: { reason, endedAtMs: storedAtMs } }),
  }
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
