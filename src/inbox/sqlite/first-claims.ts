import type { Lane } from './accounts.ts'

/** A delivery that was claimed as its event was stored, for the first time and until then. */
export interface FirstClaim {
  readonly event: number
  readonly lane: Lane
  readonly untilMs: number
}

/**
 * First claims that are not over, by the rows of their deliveries. In memory, because the file has no index of them: as
 * many as there are places for attempts.
 */
export class FirstClaims {
  readonly #claims = new Map<number, FirstClaim>()
  /** Not later than the first end. */
  #earliestEndMs = Infinity

  get(delivery: number): FirstClaim | undefined {
    return this.#claims.get(delivery)
  }

  add(delivery: number, claim: FirstClaim): void {
    this.#claims.set(delivery, claim)
    this.#earliestEndMs = Math.min(this.#earliestEndMs, claim.untilMs)
  }

  delete(delivery: number): void {
    this.#claims.delete(delivery)
  }

  clear(): void {
    this.#claims.clear()
    this.#earliestEndMs = Infinity
  }

  /** When the first of them ends; undefined without any. */
  nextEndMs(): number | undefined {
    this.#earliestEndMs = Infinity
    for (const { untilMs } of this.#claims.values()) this.#earliestEndMs = Math.min(this.#earliestEndMs, untilMs)
    return this.#claims.size > 0 ? this.#earliestEndMs : undefined
  }

  /** The deliveries whose claims have ended by then. */
  endedBy(nowMs: number): number[] {
    if (this.#earliestEndMs > nowMs || (this.nextEndMs() ?? Infinity) > nowMs) return []
    return [...this.#claims].flatMap(([delivery, { untilMs }]) => (untilMs <= nowMs ? [delivery] : []))
  }
}
