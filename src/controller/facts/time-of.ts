/** Milliseconds since the epoch; undefined where there is none, or one that cannot be read. */
export function timeOf(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '')
  return Number.isNaN(ms) ? undefined : ms
}
