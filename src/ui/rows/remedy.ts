import { reasons } from '../../api/reasons.ts'

const remedies = new Map<string, string>(Object.entries(reasons).map(([reason, { remedy }]) => [reason, remedy]))

/** What a person can do about a reason; undefined where time does it, and of a reason of another writer. */
export function remedyFor(reason: string | undefined): string | undefined {
  const remedy = remedies.get(reason ?? '')
  return remedy === undefined || remedy.startsWith('Nothing') ? undefined : remedy
}
