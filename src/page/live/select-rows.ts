import { healths, type Health, type WebhookRow } from '../../contract/page/overview.ts'

const urgency = new Map<Health, number>(healths.map((health, at) => [health, at]))

export interface RowChoice {
  readonly namespace: string
  /** Words, each of which has to be in the name, the health, the reason or a sink. */
  readonly search: string
}

/** The rows that are asked for, what needs attention first, then by name. Pure. */
export function selectRows(rows: Iterable<WebhookRow>, { namespace, search }: RowChoice): WebhookRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return [...rows]
    .filter((row) => (namespace === '' || row.namespace === namespace) && words.every((word) => has(row, word)))
    .toSorted(compareRows)
}

function has({ id, health, reason, sinks }: WebhookRow, word: string): boolean {
  return (
    id.includes(word) ||
    health.toLowerCase().includes(word) ||
    reason.toLowerCase().includes(word) ||
    sinks.some(({ name }) => name.includes(word))
  )
}

function compareRows(a: WebhookRow, b: WebhookRow): number {
  const byUrgency = (urgency.get(a.health) ?? 0) - (urgency.get(b.health) ?? 0)
  if (byUrgency !== 0) return byUrgency
  if (a.id === b.id) return 0
  return a.id < b.id ? -1 : 1
}
