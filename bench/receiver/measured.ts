export interface Measured {
  /** Answered requests per second, from the first request sent to the last answer. */
  perSecond: number
  p50Ms: number
  p99Ms: number
}

/** Sorts the latencies in place. */
export function measuredFrom(latenciesMs: Float64Array, elapsedMs: number): Measured {
  latenciesMs.sort()
  return {
    perSecond: Math.round((latenciesMs.length * 1000) / elapsedMs),
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  }
}

function quantile(sorted: Float64Array, share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return Math.round(value * 1000) / 1000
}
