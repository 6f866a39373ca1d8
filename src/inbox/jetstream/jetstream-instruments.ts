import type { Metrics } from '../../observability/metrics.ts'
import type { LargestShares } from '../rooms.ts'
import type { Totals } from '../totals.ts'

interface InboxState {
  readonly totals: Totals & { idBytes: number; kept: number }
  readonly largestShares: LargestShares
  readonly oldestPendingMs: number
  readonly usedBytes: number
}

const writeSecondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3, 5]

/**
 * What all receivers share stands under the same names as for the embedded inbox: each receiver shows the whole stream,
 * so take the maximum, not the sum.
 */
export function createJetstreamInstruments(metrics: Metrics) {
  const gauge = (name: string, help: string) => metrics.gauge({ name, help })
  const events = gauge('gwh_inbox_events', 'Events whose body is kept.')
  const bodyBytes = gauge('gwh_inbox_body_bytes', 'Bytes of the bodies that are kept.')
  const pending = gauge('gwh_inbox_pending_deliveries', 'Deliveries that have not ended.')
  const deadLetters = gauge('gwh_inbox_dead_letters', 'Deliveries that were given up and can be replayed.')
  const kept = gauge('gwh_inbox_kept_deliveries', 'Deliveries that succeeded and can be replayed.')
  const rememberedIds = gauge('gwh_inbox_remembered_ids', 'Ids by which repetitions are recognised.')
  const idBytes = gauge('gwh_inbox_remembered_id_bytes', 'Approximate bytes of the remembered ids.')
  const oldest = gauge('gwh_inbox_oldest_pending_seconds', 'Age of the oldest delivery that has not ended.')
  const used = gauge('gwh_inbox_used_bytes', 'Bytes of the inbox in use.')
  const shares = metrics.gauge({
    name: 'gwh_inbox_largest_share_ratio',
    help: 'The largest share of the inbox that one namespace uses for its weight, 0 to 1: of the events, the bytes and the ids that may be kept. `gwh inbox` names it.',
    labels: ['resource'],
  })
  return {
    budget: gauge('gwh_inbox_max_bytes', 'Bytes that the inbox may use before it answers that it is full.'),
    connected: gauge('gwh_inbox_connected', '1 while there is a connection to the NATS server.'),
    failures: metrics.counter({
      name: 'gwh_inbox_failed_writes_total',
      help: 'Writes that the stream did not confirm.',
    }),
    conflicts: metrics.counter({
      name: 'gwh_inbox_claim_conflicts_total',
      help: 'Claims that another receiver had made first.',
    }),
    unreadable: metrics.counter({
      name: 'gwh_inbox_unreadable_records_total',
      help: 'Messages in the stream that are not ours.',
    }),
    dropped: metrics.counter({
      name: 'gwh_inbox_dead_letters_dropped_total',
      help: 'Dead letters that were dropped for good, because of their age or to free space.',
    }),
    writeSeconds: metrics.histogram({
      name: 'gwh_inbox_append_seconds',
      help: 'Time until the stream confirmed an event.',
      buckets: writeSecondsBuckets,
    }),
    note({ totals, largestShares, oldestPendingMs, usedBytes }: InboxState): void {
      events.set(totals.events)
      bodyBytes.set(totals.bodyBytes)
      pending.set(totals.pending)
      deadLetters.set(totals.deadLetters)
      kept.set(totals.kept)
      rememberedIds.set(totals.rememberedIds)
      idBytes.set(totals.idBytes)
      oldest.set(oldestPendingMs / 1000)
      used.set(usedBytes)
      for (const [resource, share] of Object.entries(largestShares)) shares.set(share, { resource })
    },
  }
}

export type JetstreamInstruments = ReturnType<typeof createJetstreamInstruments>
