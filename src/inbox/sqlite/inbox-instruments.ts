import type { Metrics } from '../../observability/metrics.ts'
import { rememberedIdBytes } from './ids-table.ts'
import type { BatchReport } from './worker-protocol.ts'

const commitSecondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3]
const batchItemsBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024]

export function createInboxInstruments(metrics: Metrics) {
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
  const budget = gauge('gwh_inbox_max_bytes', 'Bytes that the inbox may use before it answers that it is full.')
  const volumeFull = gauge('gwh_inbox_volume_full', '1 while the volume itself is full and nothing new is accepted.')
  const shares = metrics.gauge({
    name: 'gwh_inbox_largest_share_ratio',
    help: 'The largest share of the inbox that one namespace uses for its weight, 0 to 1: of the events, the bytes and the ids that may be kept. `gwh inbox` names it.',
    labels: ['resource'],
  })
  const dropped = metrics.counter({
    name: 'gwh_inbox_dead_letters_dropped_total',
    help: 'Dead letters that were dropped for good, because of their age or to free space.',
  })
  const failures = metrics.counter({
    name: 'gwh_inbox_failed_commits_total',
    help: 'Batches that could not be written.',
  })
  const commitSeconds = metrics.histogram({
    name: 'gwh_inbox_commit_seconds',
    help: 'Time of one batch, from its first row to durable.',
    buckets: commitSecondsBuckets,
  })
  const batchItems = metrics.histogram({
    name: 'gwh_inbox_batch_items',
    help: 'Appends and records that shared one commit.',
    buckets: batchItemsBuckets,
  })
  return {
    budget,
    failures,
    note(report: BatchReport): void {
      events.set(report.totals.events)
      bodyBytes.set(report.totals.bodyBytes)
      pending.set(report.totals.pending)
      deadLetters.set(report.totals.deadLetters)
      kept.set(report.kept)
      rememberedIds.set(report.totals.rememberedIds)
      idBytes.set(report.totals.rememberedIds * rememberedIdBytes)
      oldest.set(report.oldestPendingMs / 1000)
      used.set(report.usedBytes)
      for (const [resource, share] of Object.entries(report.largestShares)) shares.set(share, { resource })
      volumeFull.set(report.isVolumeFull ? 1 : 0)
      if (report.droppedDeadLetters > 0) dropped.add(report.droppedDeadLetters)
    },
    committed(items: number, report: BatchReport): void {
      commitSeconds.observe(report.commitMs / 1000)
      batchItems.observe(items)
    },
  }
}
