import type { WrittenEvent } from '../contract/admin-api/handover.ts'
import { fromToldReason, toToldReason } from '../contract/dead-letter-reasons.ts'
import type { HandedEvent } from '../inbox/port.ts'

/** One event as it travels to another receiver. */
export function writeHandedEvent({ ref, event, deliveries }: HandedEvent): WrittenEvent {
  const { owner, eventId, sentAtSeconds, receivedAtMs, mode, contentType, signature, body, trace, dedupe } = event
  const bodyBase64 = Buffer.from(body).toString('base64')
  const written = { ref, owner, eventId, sentAtSeconds, receivedAtMs, mode, contentType, signature, bodyBase64 }
  return {
    ...written,
    ...(trace !== undefined && { trace }),
    ...(dedupe !== undefined && { dedupe }),
    deliveries: deliveries.map(({ deadLetter, ...rest }) => {
      if (deadLetter === undefined) return rest
      const { reason, endedAtMs } = deadLetter
      return { ...rest, deadLetter: { ...toToldReason(reason), endedAtMs } }
    }),
  }
}

export function readHandedEvent({ ref, deliveries: written, bodyBase64, ...event }: WrittenEvent): HandedEvent {
  const sinks = written.map(({ sink }) => sink)
  const deliveries = written.map(({ deadLetter, ...rest }) => {
    if (deadLetter === undefined) return rest
    const { endedAtMs, ...told } = deadLetter
    return { ...rest, deadLetter: { reason: fromToldReason(told), endedAtMs } }
  })
  return { ref, deliveries, event: { ...event, body: Buffer.from(bodyBase64, 'base64'), sinks } }
}
