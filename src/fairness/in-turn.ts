/** One that waits for something of which one at a time is handed out. */
export interface Waiting {
  /** The party that is to have a fair share, such as a namespace. */
  readonly party: string
  /** Goes before the others of its party. */
  readonly isUrgent: boolean
}

/**
 * The order in which those that wait are served: the parties by turns, the one whose last turn is longest ago first;
 * within a party the urgent ones, then in the order in which they came. `lastTurns` says when each party had its last,
 * as a running number; a party that is not in it is new, and stands behind the others. Pure; `waiting` is in the order
 * of arrival.
 */
export function inTurn<W extends Waiting>(waiting: readonly W[], lastTurns: ReadonlyMap<string, number>): W[] {
  const came = [...new Set(waiting.map(({ party }) => party))]
  const order = came.toSorted((a, b) => (lastTurns.get(a) ?? Infinity) - (lastTurns.get(b) ?? Infinity) || 0)
  const places = new Map(order.map((party, place) => [party, place]))
  const placeOf = ({ party }: W) => places.get(party) ?? 0
  const sorted = waiting.toSorted((a, b) => placeOf(a) - placeOf(b) || Number(b.isUrgent) - Number(a.isUrgent))
  return inTurns(sorted, ({ party }) => party)
}

/** The first of each party, then the second of each; what is in its order stays in it. Pure. */
export function inTurns<T>(entries: readonly T[], partyOf: (entry: T) => string): T[] {
  const taken = new Map<string, number>()
  const withTurns = entries.map((entry) => {
    const party = partyOf(entry)
    const turn = taken.get(party) ?? 0
    taken.set(party, turn + 1)
    return { entry, turn }
  })
  return withTurns.toSorted((a, b) => a.turn - b.turn).map(({ entry }) => entry)
}
