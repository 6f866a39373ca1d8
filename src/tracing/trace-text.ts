import { hash } from 'node:crypto'

/**
 * A place in a trace as text, which is how it is stored with an event: a W3C `traceparent`, and after a blank the
 * `tracestate`, where there is one.
 */
export interface TraceContext {
  readonly traceparent: string
  readonly tracestate?: string
}

/** At most this many characters of `tracestate` are kept, as W3C asks for at least; a longer one is left out whole. */
export const maxTraceStateLength = 512

export function writeTrace({ traceparent, tracestate = '' }: TraceContext): string {
  return tracestate === '' || tracestate.length > maxTraceStateLength ? traceparent : `${traceparent} ${tracestate}`
}

const ownText = /^(00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2}))(?: ([\x20-\x7e]+))?$/

/** undefined: nothing that was written here. */
export function readTrace(text = ''): (TraceContext & { traceId: string; flags: string }) | undefined {
  const [, traceparent, traceId, flags, tracestate] = ownText.exec(text) ?? []
  if (traceparent === undefined || traceId === undefined || flags === undefined) return undefined
  return { traceparent, traceId, flags, ...(tracestate !== undefined && { tracestate }) }
}

/**
 * The trace of an event that came without one: a hash, so that it is the same at every receiver and after every
 * restart, whether it was stored or not.
 */
export function traceIdOf({ owner, eventId }: { owner: { uid: string }; eventId: string }): string {
  return hash('sha256', JSON.stringify([owner.uid, eventId])).slice(0, 32)
}
