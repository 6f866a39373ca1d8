import type { LiveEntry } from '../../contract/page/deliveries.ts'

/** What is remembered of the stream of deliveries, for lists that show the last of them. */
export const maxEntries = 1_000

interface DeliveriesMessage {
  readonly entries: readonly LiveEntry[]
  readonly isStart?: true
  readonly left: number
}

/** Newest first, bounded. Pure. */
export function applyEntries(before: readonly LiveEntry[], messages: readonly DeliveriesMessage[]): LiveEntry[] {
  let entries = [...before]
  for (const { entries: arrived, isStart } of messages)
    entries = [...arrived.toReversed(), ...(isStart === true ? [] : entries)].slice(0, maxEntries)
  return entries
}
