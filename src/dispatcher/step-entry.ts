import type { StepEntry } from '../contract/feed-entry.ts'
import type { ClaimedDelivery, NextStep } from '../inbox/port.ts'

/** One step of a delivery as people see it. */
export function stepEntry(
  { event, sink }: ClaimedDelivery,
  next: NextStep,
  { atMs, attempt }: { atMs: number; attempt?: StepEntry['attempt'] },
): StepEntry {
  return {
    kind: 'step',
    atMs,
    namespace: event.owner.namespace,
    name: event.owner.name,
    eventId: event.eventId,
    sink,
    next: next.type,
    ...(next.type === 'DeadLetter' && { reason: next.reason }),
    ...(next.type === 'RetryAt' && { retryAtMs: next.atMs }),
    ...(next.type === 'Hold' && { retryAtMs: next.untilMs }),
    ...(attempt !== undefined && { attempt }),
  }
}
