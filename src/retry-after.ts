/**
 * `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), as milliseconds from now: 0 for a date that has
 * passed. Undefined when absent or malformed. Not bounded: each caller has its own bound.
 */
export function parseRetryAfterMs(value: string | null | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000
  if (!/^[A-Za-z]{3,9},? /.test(text)) return undefined
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : Math.max(atMs - nowMs, 0)
}
