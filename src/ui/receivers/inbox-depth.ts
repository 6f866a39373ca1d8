import type { InboxDepth, ReceiverRow } from '../../contract/page/overview.ts'
import type { Stats } from './receiver-watch.ts'

/** What all inboxes hold together; of one that receivers share, once. Pure. */
export function depthOf(rows: readonly ReceiverRow[], all: readonly (Stats | undefined)[]): InboxDepth {
  const told = all.filter((stats) => stats !== undefined)
  const [first] = told
  if (first === undefined) return { isKnown: false, why: 'no receiver has told what its inbox holds' }
  const inboxes = first.inbox === 'shared' ? [first] : told
  const sum = (count: (stats: Stats) => number) => inboxes.reduce((total, stats) => total + count(stats), 0)
  return {
    isKnown: true,
    events: sum(({ events }) => events),
    bodyBytes: sum(({ bodyBytes }) => bodyBytes),
    pending: sum(({ pending }) => pending),
    deadLetters: sum(({ deadLetters }) => deadLetters),
    oldestPendingMs: Math.max(...inboxes.map(({ oldestPendingMs }) => oldestPendingMs)),
    without: first.inbox === 'shared' ? [] : rows.filter((_, at) => all[at] === undefined).map(({ pod }) => pod),
  }
}
