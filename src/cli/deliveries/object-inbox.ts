import { cellOf, table } from '../table.ts'
import { keptIn, listDeadLetters, listPending } from './kept-lists.ts'
import type { ReceiverPod } from './receivers.ts'
import type { Selected } from './selection-query.ts'

/** What one inbox holds of one object for one of its sinks. */
interface SinkDepth {
  readonly pod: string
  readonly sink: string
  readonly pending: number
  /** When the first attempt of the oldest pending one was due, RFC 3339. */
  readonly oldestPending?: string
  readonly deadLetters: number
}

/**
 * Page by page: of one object a receiver tells no sums. By pod and sink; a sink for which nothing is kept is not there.
 */
export async function depthsOf(pods: readonly ReceiverPod[], selected: Pick<Selected, 'fields' | 'namespace'>) {
  const depths: SinkDepth[] = []
  for (const pod of pods) {
    const pending = await keptIn(pod, selected, { list: listPending })
    const deadLetters = await keptIn(pod, selected, { list: listDeadLetters })
    const sinks = new Set([...pending, ...deadLetters].map(({ sink }) => sink))
    for (const sink of [...sinks].toSorted()) {
      const waiting = pending.filter((each) => each.sink === sink)
      const [oldest] = waiting.map(({ since }) => since).toSorted()
      depths.push({
        pod: pod.name,
        sink,
        pending: waiting.length,
        ...(oldest !== undefined && { oldestPending: oldest }),
        deadLetters: deadLetters.filter((each) => each.sink === sink).length,
      })
    }
  }
  return depths
}

/** Pure. */
export function depthsInWords(depths: readonly SinkDepth[]): string {
  if (depths.length === 0) return 'Nothing of it is pending, and it has no dead letters.\n'
  const rows = depths.map(({ pod, sink, pending, oldestPending = '-', deadLetters }) =>
    [pod, sink, pending, oldestPending, deadLetters].map(cellOf),
  )
  return table(['POD', 'SINK', 'PENDING', 'OLDEST PENDING', 'DEAD LETTERS'], rows)
}
