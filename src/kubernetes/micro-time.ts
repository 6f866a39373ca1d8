/**
 * A Kubernetes MicroTime: RFC 3339 with exactly six fraction digits, which Leases and Events insist on (three digits
 * are refused with 400). `extraMicros` (0 to 999) distinguishes two times within the same millisecond.
 */
export function formatMicroTime(epochMs: number, extraMicros = 0): string {
  const micros = String(extraMicros).padStart(3, '0')
  return new Date(Math.floor(epochMs)).toISOString().replace('Z', `${micros}Z`)
}
