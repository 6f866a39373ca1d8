import { hash } from 'node:crypto'

import { readTrace, traceIdOf } from '../tracing/trace-text.ts'
import type { OutgoingDelivery } from './port.ts'

/**
 * W3C Trace Context for whoever gets a delivery: the span of the attempt where traces are kept. Elsewhere all sinks and
 * attempts of one event share a trace, each attempt is a span of its own, and both are hashes of what they are about,
 * so that they are the same after a restart. Sampled, or most tracers of receivers would record nothing.
 */
export function traceHeadersOf(delivery: OutgoingDelivery): Record<string, string> {
  const kept = readTrace(delivery.trace)
  if (kept === undefined) return { traceparent: derivedTraceparent(delivery) }
  const { traceparent, tracestate } = kept
  return { traceparent, ...(tracestate !== undefined && { tracestate }) }
}

/** An event that was stored while traces were kept stays in its trace. */
function derivedTraceparent({ event, sink, attempt }: OutgoingDelivery): string {
  const { traceId = traceIdOf(event), flags = '01' } = readTrace(event.trace) ?? {}
  const about = [event.owner.uid, event.eventId, sink.name, sink.destination.type, attempt]
  const spanId = hash('sha256', JSON.stringify(about)).slice(0, 16)
  return `00-${traceId}-${spanId}-${flags}`
}
