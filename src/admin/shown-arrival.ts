import type { ArrivedEntry } from '../contract/admin-api/deliveries.ts'
import type { ArrivedEvent } from '../feed/event-feed.ts'

/** As it is sent: the time as text, the body in base64. */
export function shownArrival({ owner, eventId, receivedAtMs, contentType, body }: ArrivedEvent): ArrivedEntry {
  const { buffer, byteOffset, byteLength } = body
  const bodyBase64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  const { namespace, name } = owner
  return { namespace, name, eventId, receivedAt: new Date(receivedAtMs).toISOString(), contentType, bodyBase64 }
}
