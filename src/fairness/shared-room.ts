/**
 * The taker of a part of a room, from the widest group to the narrowest: namespace, object, sink. Rooms may leave out
 * the last.
 */
export type Taker = readonly [namespace: string, ...within: string[]]

export interface SharedRoomOptions {
  /** What all may take together: attempts, bytes, events or whatever is counted; above 0. */
  readonly total: number
  /**
   * How much a namespace counts beside others, above 0; 1 where nothing was said. Read each time, so that it may
   * change.
   */
  readonly weightOf?: (namespace: string) => number
  /**
   * The most of the total that one namespace may ever take, above 0 and at most 1; `loneShare` where nothing was said.
   */
  readonly maxShareOf?: (namespace: string) => number
}

/**
 * What one of weight 1 may take of a room that it has for itself: four fifths, so that there is room for the next one.
 */
export const loneShare = 0.8

/**
 * A bounded amount that is shared by namespaces, then by the objects of each, then by the sinks of each. Nothing is
 * reserved: each may take as long as it has less than a multiple of what is left, so that one alone gets four fifths of
 * all, n of them get equal parts, and some is always left. These are the dynamic thresholds of shared-memory switches
 * (Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998), applied level by level. They do not depend on
 * which takers are active, and nothing is ever taken back, which suits amounts that cannot be, such as acknowledged
 * events.
 *
 * Pure bookkeeping: no clock, no I/O. What holds for any takers, demands and bounds (test/unit/fairness): of two with
 * the same weight under one parent, the one that has less is refused only where the one that has more is refused, too;
 * and what is refused would leave less than a fifth of its room.
 */
export class SharedRoom {
  readonly #options: SharedRoomOptions
  readonly #root: Part = { used: 0, parts: new Map() }

  constructor(options: SharedRoomOptions) {
    if (!(options.total > 0)) throw new RangeError(`a shared room needs a total above 0, got ${options.total}`)
    this.#options = options
  }

  /** What all have taken. */
  get used(): number {
    return this.#root.used
  }

  usedBy(taker: Taker): number {
    return this.#path(taker)[taker.length - 1]?.used ?? 0
  }

  /** How much more it may take now; 0 or less: nothing. A whole amount fits where it is not above this. */
  freeFor(taker: Taker): number {
    const path = this.#path(taker)
    let free = this.#options.total - this.#root.used
    for (const [depth, name] of taker.entries()) {
      const used = path[depth]?.used ?? 0
      const ceiling = shareOf(depth === 0 ? this.#weightOf(name) : 1) * (used + free)
      free = Math.min(ceiling, depth === 0 ? this.#mostOf(name) : Infinity) - used
    }
    return free
  }

  /** Counts unconditionally: a caller that may be refused checks `freeFor` before. */
  take(taker: Taker, amount: number): void {
    let part = this.#root
    part.used += amount
    for (const name of taker) {
      let next = part.parts.get(name)
      if (next === undefined) part.parts.set(name, (next = { used: 0, parts: new Map() }))
      next.used += amount
      part = next
    }
  }

  give(taker: Taker, amount: number): void {
    let part = this.#root
    part.used -= amount
    for (const name of taker) {
      const next = part.parts.get(name)
      if (next === undefined) return
      next.used -= amount
      // A part with nothing is removed, with all that is in it.
      if (next.used <= 0) part.parts.delete(name)
      part = next
    }
  }

  /**
   * The taker that loses something where room is made by dropping: the namespace that has most for its weight, in it
   * the object, in it the sink.
   */
  heaviest(): Taker | undefined {
    const first = heaviestOf(this.#root, (namespace) => this.#weightOf(namespace))
    if (first === undefined) return undefined
    const taker: [string, ...string[]] = [first.name]
    for (let next = heaviestOf(first.part); next !== undefined; next = heaviestOf(next.part)) taker.push(next.name)
    return taker
  }

  /** What the namespace that has most for its weight has of the total, 0 to 1; `except`: one that is none. */
  largestShare(except?: string): number {
    const weightOf = (namespace: string) => (namespace === except ? Infinity : this.#weightOf(namespace))
    return (heaviestOf(this.#root, weightOf)?.part.used ?? 0) / this.#options.total
  }

  /** The parts that are known along the way; shorter where it has taken nothing. */
  #path(taker: Taker): Part[] {
    const path: Part[] = []
    let part: Part | undefined = this.#root
    for (const name of taker) {
      part = part.parts.get(name)
      if (part === undefined) break
      path.push(part)
    }
    return path
  }

  #weightOf(namespace: string): number {
    return this.#options.weightOf?.(namespace) ?? 1
  }

  #mostOf(namespace: string): number {
    return (this.#options.maxShareOf?.(namespace) ?? 1) * this.#options.total
  }
}

interface Part {
  used: number
  readonly parts: Map<string, Part>
}

/** Of what it has and what is left together; the heavier, the nearer to all of it. */
function shareOf(weight: number): number {
  return (weight * loneShare) / (1 - loneShare + weight * loneShare)
}

function heaviestOf(parent: Part, weightOf = (_name: string) => 1): { name: string; part: Part } | undefined {
  let heaviest: { name: string; part: Part } | undefined
  let most = 0
  for (const [name, part] of parent.parts) {
    const weighed = part.used / weightOf(name)
    if (weighed > most) [heaviest, most] = [{ name, part }, weighed]
  }
  return heaviest
}
