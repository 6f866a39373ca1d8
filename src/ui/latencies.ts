/** Two neighbouring counts differ by so much: quantiles are within half of it. */
const growth = 1.05
/** Below it all are counted as one. */
const leastMs = 0.1

/** Durations as counts on a logarithmic scale: small, and added to each other in no time. */
export class Latencies {
  readonly #counts = new Map<number, number>()
  #total = 0

  add(ms: number): void {
    const place = ms <= leastMs ? 0 : Math.round(Math.log(ms / leastMs) / Math.log(growth))
    this.#count(place, 1)
  }

  addAll(others: Latencies): void {
    for (const [place, count] of others.#counts) this.#count(place, count)
  }

  /** In milliseconds, with two digits that count; null where nothing was added. `share`: 0 to 1. */
  quantile(share: number): number | null {
    let left = Math.max(1, Math.ceil(this.#total * share))
    for (const [place, count] of [...this.#counts].toSorted(([a], [b]) => a - b)) {
      left -= count
      if (left <= 0) return Number((leastMs * growth ** place).toPrecision(2))
    }
    return null
  }

  #count(place: number, count: number): void {
    this.#counts.set(place, (this.#counts.get(place) ?? 0) + count)
    this.#total += count
  }
}
