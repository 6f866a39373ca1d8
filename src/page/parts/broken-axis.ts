/** A stretch of time; a moment has no end. */
export interface Stretch {
  readonly fromMs: number
  readonly untilMs: number
}

export interface Placed {
  /** Per cent of the whole. */
  readonly left: number
  readonly width: number
}

/**
 * Places stretches on an axis on which each piece of time between two ends takes room by the logarithm of its length:
 * milliseconds at the beginning and hours between attempts can both be seen. Pure.
 */
export function brokenAxis(stretches: readonly Stretch[]): (stretch: Stretch) => Placed {
  const ends = [...new Set(stretches.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]))].toSorted((a, b) => a - b)
  const places = new Map<number, number>()
  let sum = 0
  for (const [at, end] of ends.entries()) {
    const before = ends[at - 1]
    if (before !== undefined) sum += Math.log1p(end - before)
    places.set(end, sum)
  }
  const placeOf = (ms: number) => (sum === 0 ? 0 : ((places.get(ms) ?? 0) / sum) * 100)
  return ({ fromMs, untilMs }) => ({ left: placeOf(fromMs), width: placeOf(untilMs) - placeOf(fromMs) })
}
