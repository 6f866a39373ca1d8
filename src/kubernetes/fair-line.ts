import { count, isBefore, isReturning, newParty, ranks, type Party, type Rank } from './fair-party.ts'

/**
 * The place of a key in line: its party is to have a fair share, for example a namespace; its group is what can delay
 * many keys of one party at once, for example an API key.
 */
export interface Place {
  readonly party: string
  readonly group: string
}

export interface LineBounds {
  /**
   * Keys in work at the same time. A party without any in work may have one beyond it, so that it never waits for the
   * work of others; twice as many is the limit.
   */
  readonly workers: number
  /** Keys begun and not ended, also suspended ones, above which only parties with few of them may begin another. */
  readonly begun: number
}

/** Whose turn it is: a key to begin, or one that was begun and comes back. */
export interface Turn {
  readonly key: string
  readonly isNew: boolean
  readonly rank: Rank
  /** When a new one was added. */
  readonly sinceMs: number
}

/** A crowd of a higher rank must not keep a lower one waiting for ever: one turn of so many is the lower one's. */
const passesPerTurn = 8
/**
 * A party, or a group of one, that has fewer begun than this may begin another although all together have begun too
 * many.
 */
const fewBegun = 8

interface Waiting {
  place: Place
  rank: Rank
  sinceMs: number
}

interface Begun extends Waiting {
  state: 'working' | 'suspended' | 'returning'
}

/**
 * Decides which key is next. Of all parties with keys to work on, the one with least in work comes first, and of those
 * the one whose last turn is longest ago; so each has an equal share while it needs one, and what others do not use.
 * Pure bookkeeping, without clock and timers.
 */
export class FairLine {
  readonly #bounds: LineBounds
  readonly #parties = new Map<string, Party>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #begun = new Map<string, Begun>()
  #working = 0
  #turns = 0

  constructor(bounds: LineBounds) {
    this.#bounds = bounds
  }

  /** Keys that wait to be begun. */
  get waiting(): number {
    return this.#waiting.size
  }

  get begun(): number {
    return this.#begun.size
  }

  isBegun(key: string): boolean {
    return this.#begun.has(key)
  }

  /** When the key that has waited longest was added; undefined without one. */
  oldestSinceMs(): number | undefined {
    const times = [...this.#waiting.values()].map(({ sinceMs }) => sinceMs)
    return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b))
  }

  /** Puts the key in line, or moves it up if it waits with a lower rank. Not for what is begun. */
  add(key: string, place: Place, rank: Rank, sinceMs: number): void {
    const known = this.#waiting.get(key)
    if (known !== undefined) {
      if (ranks.indexOf(known.rank) <= ranks.indexOf(rank)) return
      this.#takeOut(key, known)
      return this.#putIn(key, { ...known, rank })
    }
    this.#putIn(key, { place, rank, sinceMs })
  }

  /**
   * The next key, if one may have a turn: it is in work from then on. Without `mayBegin` only keys that come back
   * count.
   */
  next(mayBegin = true): Turn | undefined {
    const party = this.#nextParty(mayBegin)
    if (party === undefined) return undefined
    const key = this.#nextKey(party, mayBegin)
    if (key === undefined) throw new Error('a party whose turn it is has nothing to do: a defect of FairLine')
    this.#turns += 1
    party.lastTurn = this.#turns
    const back = this.#begun.get(key)
    const { rank, sinceMs } = back === undefined ? this.#begin(key, party) : this.#resume(key, back, party)
    return { key, isNew: back === undefined, rank, sinceMs }
  }

  /** The key waits for something else and releases its place meanwhile. False: it has none. */
  suspend(key: string): boolean {
    const begun = this.#begun.get(key)
    if (begun?.state !== 'working') return false
    begun.state = 'suspended'
    this.#leaveWork(this.#partyOf(begun.place))
    return true
  }

  /** What it waited for has come: it wants a place again. */
  requeue(key: string): void {
    const begun = this.#begun.get(key)
    if (begun?.state !== 'suspended') return
    begun.state = 'returning'
    this.#partyOf(begun.place).returning[begun.rank === 'urgent' ? 'urgent' : 'usual'].add(key)
  }

  /** The key is done with, for this time. */
  end(key: string): void {
    const begun = this.#begun.get(key)
    if (begun === undefined) return
    const { party: name, group } = begun.place
    const party = this.#partyOf(begun.place)
    if (begun.state === 'working') this.#leaveWork(party)
    for (const keys of Object.values(party.returning)) keys.delete(key)
    this.#begun.delete(key)
    party.begun -= 1
    count(party.begunOf, group, -1)
    this.#forget(name)
  }

  /** Removes all keys that wait; those that are begun continue. */
  clear(): void {
    for (const [key, waiting] of this.#waiting) {
      this.#takeOut(key, waiting)
      this.#forget(waiting.place.party)
    }
  }

  #nextParty(mayBegin: boolean): Party | undefined {
    let next: Party | undefined
    for (const party of this.#parties.values()) {
      if (next !== undefined && !isBefore(party, next)) continue
      if (this.#mayWork(party) && (isReturning(party) || (mayBegin && this.#mayBeginAny(party)))) next = party
    }
    return next
  }

  #mayWork({ working }: Party): boolean {
    const { workers } = this.#bounds
    return this.#working < workers || (working === 0 && this.#working < 2 * workers)
  }

  #mayBeginAny(party: Party): boolean {
    return ranks.some((rank) => this.#nextGroup(party, rank) !== undefined)
  }

  /** Keys that are suspended cost memory; but a party that has few of them does not wait for others. */
  #mayBegin(party: Party, group: string): boolean {
    const { begun } = this.#bounds
    if (this.#begun.size < begun || party.begun < fewBegun) return true
    return (party.begunOf.get(group) ?? 0) < fewBegun && this.#begun.size < 1.5 * begun
  }

  #nextGroup(party: Party, rank: Rank): string | undefined {
    for (const group of party.waiting[rank].keys()) if (this.#mayBegin(party, group)) return group
    return undefined
  }

  /** What was begun is finished first, but for what is urgent. */
  #nextKey(party: Party, mayBegin: boolean): string | undefined {
    const { returning } = party
    const [urgent] = returning.urgent
    if (urgent !== undefined) return urgent
    const [back] = returning.usual
    if (back === undefined) return mayBegin ? this.#nextNew(party) : undefined
    const isUrgentNew = mayBegin && this.#nextGroup(party, 'urgent') !== undefined
    const yields = isUrgentNew && party.passedBack < passesPerTurn - 1
    party.passedBack = yields ? party.passedBack + 1 : 0
    return yields ? this.#nextNew(party) : back
  }

  #nextNew(party: Party): string | undefined {
    const open = ranks.flatMap((rank) => {
      const group = this.#nextGroup(party, rank)
      return group === undefined ? [] : [{ rank, group }]
    })
    const overdue = open.findLast(({ rank }, at) => at > 0 && party.passed[rank] >= passesPerTurn - 1)
    const chosen = overdue ?? open[0]
    if (chosen === undefined) return undefined
    party.passed[chosen.rank] = 0
    for (const { rank } of open.slice(open.indexOf(chosen) + 1)) party.passed[rank] += 1
    const keys = party.waiting[chosen.rank].get(chosen.group)
    const [key] = keys ?? []
    return key
  }

  #begin(key: string, party: Party): Waiting {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) throw new Error('a key that does not wait cannot be begun: a defect of FairLine')
    const { rank, place } = waiting
    this.#begun.set(key, { ...waiting, state: 'working' })
    this.#working += 1
    party.working += 1
    party.begun += 1
    count(party.begunOf, place.group, 1)
    this.#takeOut(key, waiting)
    // The next turn of this rank is another group's.
    const keys = party.waiting[rank].get(place.group)
    if (keys !== undefined) {
      party.waiting[rank].delete(place.group)
      party.waiting[rank].set(place.group, keys)
    }
    return waiting
  }

  #resume(key: string, begun: Begun, party: Party): Begun {
    for (const keys of Object.values(party.returning)) keys.delete(key)
    begun.state = 'working'
    this.#working += 1
    party.working += 1
    return begun
  }

  #leaveWork(party: Party): void {
    this.#working -= 1
    party.working -= 1
  }

  #putIn(key: string, waiting: Waiting): void {
    const { place, rank } = waiting
    this.#waiting.set(key, waiting)
    const groups = this.#partyOf(place).waiting[rank]
    const keys = groups.get(place.group)
    if (keys === undefined) groups.set(place.group, new Set([key]))
    else keys.add(key)
  }

  #takeOut(key: string, { place, rank }: Waiting): void {
    this.#waiting.delete(key)
    const party = this.#partyOf(place)
    const keys = party.waiting[rank].get(place.group)
    keys?.delete(key)
    if (keys?.size === 0) party.waiting[rank].delete(place.group)
  }

  /** A new party stands behind those that wait, so that leaving and returning gains no turns. */
  #partyOf({ party: name }: Place): Party {
    let party = this.#parties.get(name)
    if (party === undefined) this.#parties.set(name, (party = newParty(this.#turns)))
    return party
  }

  #forget(name: string): void {
    const party = this.#parties.get(name)
    const isIdle = party?.begun === 0 && ranks.every((rank) => party.waiting[rank].size === 0)
    if (isIdle) this.#parties.delete(name)
  }
}
