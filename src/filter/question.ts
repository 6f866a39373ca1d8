import type { EventEnvelope } from '../gemini/event.ts'
import { parseEnvelope } from '../gemini/parse-event.ts'
import type { FilterEvent } from './evaluate-filter.ts'

/** An event as it is asked about, before its body is read. */
export interface AskedEvent {
  readonly body: Uint8Array
  readonly mode: 'static' | 'dynamic'
  /** The sender's timestamp, seconds since the epoch. */
  readonly sentAtSeconds: number
}

/**
 * The event as a filter judges it now. Its age counts from the time that it names; from when it was sent where it names
 * none, which its sender may have done more than once. One from the future has no age. Pure.
 */
export function eventToJudge(
  { body, mode, sentAtSeconds }: AskedEvent,
  nowMs: number,
  { type, timestamp }: EventEnvelope = parseEnvelope(body),
): FilterEvent {
  const namedMs = Date.parse(timestamp ?? '')
  const sinceMs = Number.isNaN(namedMs) ? sentAtSeconds * 1_000 : namedMs
  return { type, body, mode, ageMs: Math.max(0, Math.floor(nowMs - sinceMs)) }
}
