import type { CallBudget } from './call-budget.ts'

/** How many budgets there are before unused ones are removed for the first time. */
const firstSweepAt = 64

/**
 * The call budget of each API key that anything still holds, or that must be remembered: closing and opening a service
 * must not bypass a pause. A full budget equals a new one, so it is kept only as long as it has users; ever new keys
 * leave nothing behind.
 */
export class BudgetShelf {
  readonly #create: () => CallBudget
  readonly #byFingerprint = new Map<string, WeakRef<CallBudget>>()
  /** Those that are paused, or were used and have not been seen full again, with what full means. */
  readonly #held = new Map<CallBudget, number>()
  #sweepAt = firstSweepAt

  constructor(create: () => CallBudget) {
    this.#create = create
  }

  budgetOf(fingerprint: string): CallBudget {
    const known = this.#byFingerprint.get(fingerprint)?.deref()
    if (known !== undefined) return known
    if (this.#byFingerprint.size >= this.#sweepAt) this.#sweep()
    const budget = this.#heldWhileUsed(this.#create())
    this.#byFingerprint.set(fingerprint, new WeakRef(budget))
    return budget
  }

  /** Of all budgets that are left. */
  *budgets(): Iterable<CallBudget> {
    for (const reference of this.#byFingerprint.values()) {
      const budget = reference.deref()
      if (budget !== undefined) yield budget
    }
  }

  get size(): number {
    return this.#byFingerprint.size
  }

  #heldWhileUsed(budget: CallBudget): CallBudget {
    const full = budget.available()
    const hold = () => this.#held.set(shared, full)
    const shared: CallBudget = {
      ...budget,
      take: (...given) => {
        hold()
        return budget.take(...given)
      },
      pause: (pauseMs) => {
        hold()
        budget.pause(pauseMs)
      },
    }
    return shared
  }

  #sweep(): void {
    for (const [budget, full] of this.#held) if (budget.available() >= full) this.#held.delete(budget)
    for (const [fingerprint, reference] of this.#byFingerprint) {
      if (reference.deref() === undefined) this.#byFingerprint.delete(fingerprint)
    }
    this.#sweepAt = Math.max(firstSweepAt, this.#byFingerprint.size * 2)
  }
}
