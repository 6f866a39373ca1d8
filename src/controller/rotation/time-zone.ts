/**
 * The clock on the wall of one place. Wall times are milliseconds as if the place were at UTC, so that calendar
 * arithmetic needs no zone.
 */
export interface TimeZone {
  wallOf(instantMs: number): number
  /**
   * A time that comes twice is its first occurrence; one that the clock skips is the moment of the skip. Never earlier
   * for a later wall time.
   */
  instantOf(wallMs: number): number
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** Undefined when the name is no IANA time zone that this runtime knows. */
export function openTimeZone(name: string): TimeZone | undefined {
  const format = formatterFor(name)
  if (format === undefined) return undefined

  function wallOf(instantMs: number): number {
    const parts = new Map(format?.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]))
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
    const wallMs = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
    return wallMs + (((instantMs % 1000) + 1000) % 1000)
  }
  const offsetAt = (instantMs: number) => wallOf(instantMs) - instantMs

  function instantOf(wallMs: number): number {
    // No place changes its clock twice within two days, so the true offset is one of these.
    const [before, after] = [offsetAt(wallMs - dayMs), offsetAt(wallMs + dayMs)]
    const candidates = [wallMs - before, wallMs - after].filter((instantMs) => wallOf(instantMs) === wallMs)
    if (candidates.length > 0) return Math.min(...candidates)
    return firstInstantWith(after, { earlyMs: wallMs - after, lateMs: wallMs - before }, offsetAt)
  }
  return { wallOf, instantOf }
}

/** When the clock is put forward, to the minute. */
function firstInstantWith(
  offsetMs: number,
  { earlyMs, lateMs }: { earlyMs: number; lateMs: number },
  offsetAt: (instantMs: number) => number,
): number {
  let [early, late] = [Math.floor(earlyMs / minuteMs), Math.ceil(lateMs / minuteMs)]
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2)
    if (offsetAt(middle * minuteMs) === offsetMs) late = middle
    else early = middle
  }
  return late * minuteMs
}

function formatterFor(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    return undefined
  }
}
