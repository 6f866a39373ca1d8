/** A time or a duration of the language as its text, RFC 3339 or such as `90s`; undefined for anything else. */
export function timeText(value: object): string | undefined {
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z')
  return isDuration(value) ? durationText(value) : undefined
}

/** Of the library, which does not export their class. Both parts of one below zero are. */
interface Duration {
  readonly seconds: bigint
  readonly nanos: number
}

function isDuration(value: object): value is Duration {
  return Object.prototype.toString.call(value) === '[object google.protobuf.Duration]'
}

function durationText({ seconds, nanos }: Duration): string {
  const sign = seconds < 0n || nanos < 0 ? '-' : ''
  const whole = seconds < 0n ? -seconds : seconds
  const fraction = nanos === 0 ? '' : `.${String(Math.abs(nanos)).padStart(9, '0').replace(/0+$/, '')}`
  return `${sign}${whole}${fraction}s`
}
