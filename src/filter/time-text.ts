/** A time or a duration of the language as its text, RFC 3339 or such as `90s`; undefined for anything else. */
export function timeText(value: object): string | undefined {
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z')
  return isDuration(value) ? value.toString() : undefined
}

/** The library does not export the class of its durations. */
function isDuration(value: object): value is { toString(): string } {
  return Object.prototype.toString.call(value) === '[object google.protobuf.Duration]'
}
