import { SharedCache } from '../fairness/shared-cache.ts'
import type { EventEnvelope } from '../gemini/event.ts'
import type { NewEvent } from '../inbox/port.ts'

/** `event`: whose body it is. Must not throw. */
export type ParseEnvelope = (body: Uint8Array, event: NewEvent) => EventEnvelope

/** Some hundred bytes each, three KiB at most. */
const maxRemembered = 2_048
/** A smaller body is read again in less time than it takes to look it up and to drop another. */
const smallBodyBytes = 4 * 1_024

/** Reads a large body once for all sinks and attempts of its event, as long as it is remembered. */
export function rememberEnvelopes(parse: (body: Uint8Array) => EventEnvelope): ParseEnvelope {
  const known = new SharedCache<EventEnvelope>(maxRemembered)
  return (body, { owner, eventId, receivedAtMs }) => {
    if (body.length <= smallBodyBytes) return parse(body)
    // An id comes back when it has been forgotten, with another body perhaps; not at the same time.
    const key = `${owner.uid}/${receivedAtMs}/${body.length}/${eventId}`
    const before = known.get(key)
    if (before !== undefined) return before
    const envelope = parse(body)
    known.add(owner.namespace, key, envelope)
    return envelope
  }
}
