import { sumDuration } from '../sum-duration.ts'

/** A flag that takes a time, or a duration: so long ago. */
export const moment = {
  pattern: /^(\d{4}-\d\d-\d\dT\S{1,40}|(\d{1,9}(ms|s|m|h|d)){1,4})$/,
  what: 'a time such as 2026-11-21T12:00:00Z, or a duration such as 1h for an hour ago',
  placeholder: 'TIME|DURATION',
}

/** `1h` is an hour ago. Milliseconds since the epoch; throws for a time that is none. */
export function momentMs(text: string, nowMs: number): number {
  const ms = text.includes('T') ? Date.parse(text) : nowMs - sumDuration(text)
  if (Number.isNaN(ms)) throw new Error(`"${text}" is no time: give one such as 2026-11-21T12:00:00Z, or a duration`)
  return ms
}
