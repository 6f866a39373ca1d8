import { DueQueue } from './due-queue.ts'

/** One that takes turns, and what belongs to it. */
export interface Turn<K, T> {
  readonly key: K
  readonly own: T
}

interface Member<K, T> extends Turn<K, T> {
  /** How often, for its weight; who has least comes next. */
  served: number
  isWaiting: boolean
}

/** Those who are away are forgotten once there are so many members, and twice as many as were kept the last time. */
const minRemembered = 64

/**
 * The order of those that wait for something that is given one at a time: the one that was served least for its weight
 * is next. Being away earns no credit, and leaving and returning gains nothing (start-time fair queueing). Pure
 * bookkeeping, in logarithmic time.
 */
export class Turns<K, T> {
  readonly #make: () => T
  readonly #members = new Map<K, Member<K, T>>()
  readonly #waiting = new DueQueue<Member<K, T>>()
  /** The position of the one that was served last: none returns with less. */
  #now = 0
  #forgetAbove = minRemembered

  /** `make`: what belongs to one that is new. */
  constructor(make: () => T) {
    this.#make = make
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Waits from now on; one that waits already stays where it is. */
  add(key: K): T {
    let member = this.#members.get(key)
    if (member === undefined) this.#members.set(key, (member = this.#begin(key)))
    if (!member.isWaiting) {
      member.served = Math.max(member.served, this.#now)
      member.isWaiting = true
      this.#waiting.add(member.served, member)
    }
    return member.own
  }

  /** Whose turn it is, taken out: one that goes on wanting is added again. */
  next(): Turn<K, T> | undefined {
    const member = this.#waiting.take()?.item
    if (member !== undefined) member.isWaiting = false
    return member
  }

  /** One that was taken out was given something. Said before it is added again. */
  serve(key: K, weight = 1): void {
    const member = this.#members.get(key)
    if (member === undefined) return
    this.#now = Math.max(this.#now, member.served)
    member.served += 1 / weight
  }

  /**
   * Drops those who are away and would come back with what anybody begins with. Not while one that is taken out still
   * wants something.
   */
  forget(): void {
    if (this.#members.size < this.#forgetAbove) return
    for (const [key, { isWaiting, served }] of this.#members) {
      if (!isWaiting && served <= this.#now) this.#members.delete(key)
    }
    this.#forgetAbove = Math.max(minRemembered, 2 * this.#members.size)
  }

  #begin(key: K): Member<K, T> {
    return { key, own: this.#make(), served: this.#now, isWaiting: false }
  }
}
