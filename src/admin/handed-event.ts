import { z } from 'zod'

import { deadLetterReasons, type HandedEvent } from '../inbox/port.ts'

const text = z.string().max(512)
const time = z.number().nonnegative()

const handedDelivery = z.object({
  sink: text.min(1),
  attempts: z.int().nonnegative(),
  firstDueMs: time,
  dueMs: time,
  replayed: z.boolean(),
  deadLetter: z.object({ reason: z.enum(deadLetterReasons), endedAtMs: time }).exactOptional(),
})

/** One event on its way from one receiver to another, as JSON. */
const handedEvent = z.object({
  ref: text.min(1),
  owner: z.object({ uid: text.min(1), namespace: text.min(1), name: text.min(1) }),
  eventId: z.string().min(1).max(256),
  sentAtSeconds: time,
  receivedAtMs: time,
  mode: z.enum(['static', 'dynamic']),
  contentType: text,
  signature: z.string().max(16_384),
  bodyBase64: z.base64(),
  deliveries: z.array(handedDelivery).min(1).max(64),
})

const handedEvents = z.object({ events: z.array(handedEvent).min(1).max(1_000) })
const handedRefs = z.object({ refs: z.array(text.min(1)).min(1).max(1_000) })

export function writeHandedEvent({ ref, event, deliveries }: HandedEvent): unknown {
  const { owner, eventId, sentAtSeconds, receivedAtMs, mode, contentType, signature, body } = event
  const bodyBase64 = Buffer.from(body).toString('base64')
  return { ref, owner, eventId, sentAtSeconds, receivedAtMs, mode, contentType, signature, bodyBase64, deliveries }
}

/** Undefined where it is no list of events as another receiver writes them. */
export function parseHandedEvents(json: string): HandedEvent[] | undefined {
  return handedEvents.safeParse(jsonOf(json)).data?.events.map(({ ref, deliveries, bodyBase64, ...event }) => {
    const sinks = deliveries.map(({ sink }) => sink)
    return { ref, deliveries, event: { ...event, body: Buffer.from(bodyBase64, 'base64'), sinks } }
  })
}

export function parseHandedRefs(json: string): string[] | undefined {
  return handedRefs.safeParse(jsonOf(json)).data?.refs
}

function jsonOf(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
