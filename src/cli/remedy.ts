import { reasons } from '../api/reasons.ts'

const remedies = new Map<string, string>(Object.entries(reasons).map(([reason, { remedy }]) => [reason, remedy]))

/** What a person can do about a reason; undefined where time does it, and of a reason of another writer. */
export function remedyFor(reason: string | undefined): string | undefined {
  const remedy = remedies.get(reason ?? '')
  return remedy === undefined || remedy.startsWith('Nothing') ? undefined : remedy
}

/** What a link says begins with a reason where it comes from a condition, or from the status of a sink. */
const reasonAtStart = /^([A-Z][A-Za-z]+)(?=: |; |$)/

/** What a person can do about a link of a chain; undefined where it is good, or nothing is known to help. */
export function remedyOf({ name, state, says }: { name: string; state: string; says: string }): string | undefined {
  if (state === 'Good') return undefined
  const reason = reasonAtStart.exec(says)?.[1]
  if (reason !== undefined) return remedyFor(reason)
  if (name.startsWith('sink ')) return remedyFor('SinkFailing')
  if (name === 'share') return remedyFor('ShareUsedUp')
  if (name === 'dead letters') return remedyFor('BoundReached')
  return undefined
}
