import { hash } from 'node:crypto'

import type { OutgoingDelivery } from './port.ts'

/**
 * A W3C `traceparent`. All sinks and attempts of one event share a trace, each attempt is a span of its own; both are
 * hashes of what they are about, so that the trace of an event is the same after a restart. Sampled, or most tracers of
 * receivers would record nothing.
 */
export function traceparentOf({ event, sink, attempt }: OutgoingDelivery): string {
  const traceId = hashOf([event.owner.uid, event.eventId]).slice(0, 32)
  const spanId = hashOf([event.owner.uid, event.eventId, sink.name, sink.destination.type, attempt]).slice(0, 16)
  return `00-${traceId}-${spanId}-01`
}

function hashOf(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts))
}
