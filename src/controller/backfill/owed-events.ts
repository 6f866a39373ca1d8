import type { BackfillTask } from './backfill-task.ts'
import type { SeenBatch } from './seen-batches.ts'

/** How far one object has got, as far as this process knows. Without it everything is sent again, and folded. */
export interface BackfillProgress {
  /** The subscription that it is about. */
  readonly events: string
  /** The last run after which receivers had all that this object looked for. Absent: there was none. */
  readonly done?: { readonly run: number; readonly fromMs: number; readonly toMs: number }
  /** What receivers have acknowledged since. */
  readonly acknowledged: ReadonlySet<string>
}

interface Wanted {
  /** The types that it subscribes to. */
  events: readonly string[]
  task: BackfillTask
  progress: BackfillProgress | undefined
}

/** For one object, of one run: the rest has its turn in the next, which follows soon. */
const mostAtOnce = 1_000

/**
 * The events that receivers are not known to have, oldest first. `jobs` are in the order in which they ended. Pure.
 *
 * @returns With `isAll` false, there are more.
 */
export function owedEvents(
  jobs: readonly SeenBatch[],
  wanted: Wanted,
  most = mostAtOnce,
): { owed: SeenBatch[]; isAll: boolean } {
  const owed: SeenBatch[] = []
  for (const job of jobs) {
    if (!isLookedFor(job, wanted) || isKnownThere(job, wanted)) continue
    if (owed.length === most) return { owed, isAll: false }
    owed.push(job)
  }
  return { owed, isAll: true }
}

/** How many events there are of what ended earlier than is looked for, within the lookback. Pure. */
export function countOlder(jobs: readonly SeenBatch[], { events, task }: Pick<Wanted, 'events' | 'task'>): number {
  const { oldestMs, fromMs } = task
  return jobs.filter(({ type, endedAtMs }) => events.includes(type) && endedAtMs >= oldestMs && endedAtMs < fromMs)
    .length
}

/** Names a subscription: what was done for another one says nothing. */
export function subscriptionOf(events: readonly string[]): string {
  return events.toSorted().join()
}

function isLookedFor({ type, endedAtMs }: SeenBatch, { events, task: { fromMs, toMs } }: Wanted): boolean {
  return events.includes(type) && endedAtMs >= fromMs && endedAtMs <= toMs
}

function isKnownThere({ eventId, firstRun, endedAtMs }: SeenBatch, { events, progress }: Wanted): boolean {
  if (progress === undefined || progress.events !== subscriptionOf(events)) return false
  const { done, acknowledged } = progress
  if (acknowledged.has(eventId)) return true
  return done !== undefined && firstRun <= done.run && endedAtMs >= done.fromMs && endedAtMs <= done.toMs
}
