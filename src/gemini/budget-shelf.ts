import type { CallBudget, SharedCallBudget } from './call-budget.ts'

/** How many keys there are before those whose budget nobody holds are forgotten for the first time. */
const firstSweepAt = 64

/** Where the budget of a key stands, or of several that are of one project. */
interface Place {
  readonly budget: WeakRef<SharedCallBudget>
  /** The one that this has been united with. */
  movedTo?: Place
}

/**
 * The call budget of each API key that anything still holds, or that must be remembered: closing and opening a service
 * must not bypass a pause. A full budget equals a new one, so it is kept only as long as it has users; ever new keys
 * leave nothing behind. Keys that turn out to be of one project have one budget.
 */
export class BudgetShelf {
  readonly #create: (onUse: () => void) => SharedCallBudget
  readonly #byFingerprint = new Map<string, Place>()
  /** Those that are paused, or were used and have not been seen full again, with what full means. */
  readonly #held = new Map<SharedCallBudget, number>()
  #sweepAt = firstSweepAt

  /** `create` makes a full budget, which tells when it is used. */
  constructor(create: (onUse: () => void) => SharedCallBudget) {
    this.#create = create
  }

  budgetOf(fingerprint: string): CallBudget {
    const known = this.#placeOf(fingerprint)?.budget.deref()
    if (known !== undefined) return known
    if (this.#byFingerprint.size >= this.#sweepAt) this.#sweep()
    const budget = this.#heldWhileUsed()
    this.#byFingerprint.set(fingerprint, { budget: new WeakRef(budget) })
    return budget
  }

  /**
   * Two keys are of one project: from now on they share one budget, whoever has opened a service with either. What both
   * have used counts, and a pause of either holds. A key that has no budget yet gets that of the other. Idempotent.
   */
  unite(fingerprint: string, other: string): void {
    const [place, joining] = [this.#placeOf(fingerprint), this.#placeOf(other)]
    const [budget, joiningBudget] = [place?.budget.deref(), joining?.budget.deref()]
    if (place !== undefined && budget !== undefined) {
      joiningBudget?.joinTo(budget)
      this.#move(other, place)
    } else if (joining !== undefined && joiningBudget !== undefined) this.#move(fingerprint, joining)
  }

  /** Of all budgets that are left. */
  *budgets(): Iterable<CallBudget> {
    for (const fingerprint of this.#byFingerprint.keys()) {
      const budget = this.#placeOf(fingerprint)?.budget.deref()
      if (budget !== undefined) yield budget
    }
  }

  get size(): number {
    return this.#byFingerprint.size
  }

  #placeOf(fingerprint: string): Place | undefined {
    let place = this.#byFingerprint.get(fingerprint)
    while (place?.movedTo !== undefined) place = place.movedTo
    return place
  }

  /** All keys that share the place of this one move with it. */
  #move(fingerprint: string, to: Place): void {
    const from = this.#placeOf(fingerprint)
    if (from === to) return
    if (from !== undefined) from.movedTo = to
    this.#byFingerprint.set(fingerprint, to)
  }

  #heldWhileUsed(): SharedCallBudget {
    const budget = this.#create(() => this.#held.set(budget, full))
    const full = budget.available()
    return budget
  }

  #sweep(): void {
    for (const [budget, full] of this.#held) if (budget.available() >= full) this.#held.delete(budget)
    for (const fingerprint of this.#byFingerprint.keys()) {
      if (this.#placeOf(fingerprint)?.budget.deref() === undefined) this.#byFingerprint.delete(fingerprint)
    }
    this.#sweepAt = Math.max(firstSweepAt, this.#byFingerprint.size * 2)
  }
}
