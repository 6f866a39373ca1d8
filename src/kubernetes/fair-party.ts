/** Within its party `urgent` goes first and `behind` last; none of them waits for ever, see `passesPerTurn`. */
export type Rank = 'urgent' | 'usual' | 'behind'

export const ranks: readonly Rank[] = ['urgent', 'usual', 'behind']

/** The state of one party in a fair line. */
export interface Party {
  /** Keys in work. */
  working: number
  /** Keys begun and not ended, those suspended included. */
  begun: number
  /** The same for each group that has any. */
  begunOf: Map<string, number>
  /** A running number: the smaller, the longer ago. */
  lastTurn: number
  returning: Record<'urgent' | 'usual', Set<string>>
  /** By group; the group whose turn is next comes first, and within it the oldest key. */
  waiting: Record<Rank, Map<string, Set<string>>>
  /** Turns of higher ranks since one of this rank had its own. */
  passed: Record<Rank, number>
  /** The same since one that comes back, and is not urgent, had its own. */
  passedBack: number
}

export function newParty(lastTurn: number): Party {
  return {
    working: 0,
    begun: 0,
    begunOf: new Map(),
    lastTurn,
    returning: { urgent: new Set(), usual: new Set() },
    waiting: { urgent: new Map(), usual: new Map(), behind: new Map() },
    passed: { urgent: 0, usual: 0, behind: 0 },
    passedBack: 0,
  }
}

/** The party with less in work comes first, then the one whose last turn is longer ago. */
export function isBefore(a: Party, b: Party): boolean {
  return a.working === b.working ? a.lastTurn < b.lastTurn : a.working < b.working
}

export function isReturning({ returning }: Party): boolean {
  return returning.urgent.size > 0 || returning.usual.size > 0
}

export function count(counts: Map<string, number>, name: string, by: number): void {
  const left = (counts.get(name) ?? 0) + by
  if (left === 0) counts.delete(name)
  else counts.set(name, left)
}
