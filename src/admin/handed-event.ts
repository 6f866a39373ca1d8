import type { WrittenEvent } from '../contract/admin-api/handover.ts'
import type { HandedEvent } from '../inbox/port.ts'

/** One event as it travels to another receiver. */
export function writeHandedEvent({ ref, event, deliveries }: HandedEvent): WrittenEvent {
  const { owner, eventId, sentAtSeconds, receivedAtMs, mode, contentType, signature, body, trace } = event
  const bodyBase64 = Buffer.from(body).toString('base64')
  const written = { ref, owner, eventId, sentAtSeconds, receivedAtMs, mode, contentType, signature, bodyBase64 }
  return { ...written, ...(trace !== undefined && { trace }), deliveries: [...deliveries] }
}

export function readHandedEvent({ ref, deliveries, bodyBase64, ...event }: WrittenEvent): HandedEvent {
  const sinks = deliveries.map(({ sink }) => sink)
  return { ref, deliveries, event: { ...event, body: Buffer.from(bodyBase64, 'base64'), sinks } }
}
