import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Clock } from '../../clock.ts'
import type { BackfillRun, BackfillView } from '../facts/backfill-view.ts'
import { coversGap } from '../facts/covers-gap.ts'
import type { BackfillTask } from './backfill-task.ts'
import type { ObjectWish } from './due-run.ts'
import { subscriptionOf, type BackfillProgress } from './owed-events.ts'
import type { RunOutcome } from './run-backfill.ts'

interface Record {
  /** On the monotonic clock. */
  readonly noticedMs: number
  view?: BackfillView
  progress?: BackfillProgress | undefined
  /** Of this process, whatever came of them. */
  runs: number
  /** In a row, and the time of the first. */
  failures: number
  failingSinceMs?: number | undefined
  /** Runs in a row in which receivers did not take its events. */
  refusals: number
  /** The last request that a run tried to answer. */
  tried?: string | undefined
  hasMore: boolean
}

/** Failures in a row until status tells of them: what passes by itself must not be written each time. */
const failuresUntilTold = 3

/** What the backfill remembers of each object, by its uid. */
export class ObjectRecords {
  readonly #clock: Clock
  readonly #byUid = new Map<string, Record>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  viewOf(uid: string): BackfillView | undefined {
    return this.#byUid.get(uid)?.view
  }

  progressOf(uid: string): BackfillProgress | undefined {
    return this.#byUid.get(uid)?.progress
  }

  /** No run was written to its status, or is about to be. */
  isFirst({ metadata: { uid }, status }: GeminiWebhook): boolean {
    return status?.backfill?.lastTime === undefined && (this.viewOf(uid)?.runs ?? []).length === 0
  }

  wishOf(webhook: GeminiWebhook, { intervalMs, requestID }: BackfillTask): ObjectWish {
    const record = this.#recordOf(webhook.metadata.uid)
    const isUntried = requestID !== undefined && requestID !== record.tried
    const isBegunAnew = record.runs > 0 && this.isFirst(webhook)
    const isPressing = isUntried || record.hasMore || isBegunAnew
    // A person who asks has seen to it that they take them again; each request is tried once without a pause.
    const refusals = isUntried ? 0 : record.refusals
    return { intervalMs, isPressing, refusals, ...(record.runs === 0 && { newSinceMs: record.noticedMs }) }
  }

  /** Takes what a run did. Returns whether the status of the object, as it is after the run, has to tell of it. */
  note(outcome: RunOutcome, webhook: GeminiWebhook): boolean {
    const { task } = outcome.subject
    const record = this.#recordOf(webhook.metadata.uid)
    record.runs += 1
    if (outcome.run !== undefined) record.refusals = outcome.isRefused ? record.refusals + 1 : 0
    record.hasMore = outcome.hasMore && !outcome.isRefused
    record.tried = task.requestID ?? record.tried
    record.progress = progressAfter(outcome, record.progress)
    const before = record.view
    const view = this.#viewAfter(outcome, record)
    record.view = view
    const tellsFailing = view.failing !== undefined && isToldOtherwise(webhook, view.failing)
    return view.runs.length > (before?.runs.length ?? 0) || tellsFailing || isNowCovered(webhook, view)
  }

  told(uid: string, runs: readonly BackfillRun[]): void {
    const record = this.#byUid.get(uid)
    if (record?.view === undefined || runs.length === 0) return
    record.view = { ...record.view, runs: record.view.runs.filter((run) => !runs.includes(run)) }
  }

  forget(uid: string): void {
    this.#byUid.delete(uid)
  }

  #viewAfter(outcome: RunOutcome, record: Record): BackfillView {
    const nowMs = this.#clock.now()
    const { failure, isDone, isWhole, older } = outcome
    const { task } = outcome.subject
    const before = record.view
    record.failures = failure === undefined ? 0 : record.failures + 1
    record.failingSinceMs = failure === undefined ? undefined : (record.failingSinceMs ?? nowMs)
    const { failingSinceMs: sinceMs } = record
    const isTold = record.failures >= failuresUntilTold
    const failing =
      failure === undefined ? null : isTold && sinceMs !== undefined ? { sinceMs, message: failure } : before?.failing
    const covered = isDone && isWhole ? { fromMs: task.fromMs, toMs: task.toMs } : before?.covered
    const answered = isDone && task.requestID !== undefined ? { requestID: task.requestID } : {}
    const isNews = outcome.run !== undefined && (older !== undefined || outcome.found > 0 || 'requestID' in answered)
    const run = { endedMs: nowMs, found: outcome.found, ...answered, ...(older !== undefined && { older }) }
    return {
      runs: [...(before?.runs ?? []), ...(isNews ? [run] : [])],
      ...(failing !== undefined && { failing }),
      ...(covered !== undefined && { covered }),
    }
  }

  #recordOf(uid: string): Record {
    let record = this.#byUid.get(uid)
    if (record === undefined) {
      record = { noticedMs: this.#clock.monotonic(), runs: 0, failures: 0, refusals: 0, hasMore: false }
      this.#byUid.set(uid, record)
    }
    return record
  }
}

/**
 * What was acknowledged in a run that is not done is remembered one by one, until a later one is. Of many, which are
 * sent in the order of their end, only how far they reach.
 */
function progressAfter(outcome: RunOutcome, before: BackfillProgress | undefined): BackfillProgress | undefined {
  const { run, isDone, acknowledged } = outcome
  const { events: types, task } = outcome.subject
  if (run === undefined) return before
  const events = subscriptionOf(types)
  const { fromMs, toMs } = task
  if (isDone) return { events, done: { run, fromMs, toMs }, acknowledged: new Set() }
  const kept = before?.events === events ? before : undefined
  const { reached } = outcome
  const doneToMs = kept?.done?.toMs ?? -Infinity
  if (reached !== undefined && reached.endedMs > doneToMs) {
    const toMs = reached.endedMs - 1
    const inThatMoment = doneToMs === toMs ? [...(kept?.acknowledged ?? []), ...reached.ids] : reached.ids
    return { events, done: { run, fromMs, toMs }, acknowledged: new Set(inThatMoment) }
  }
  return {
    events,
    ...(kept?.done !== undefined && { done: kept.done }),
    acknowledged: new Set([...(kept?.acknowledged ?? []), ...acknowledged]),
  }
}

/** A time in which deliveries may have been missed was looked at, and status does not tell so yet. */
function isNowCovered({ status }: GeminiWebhook, { covered }: BackfillView): boolean {
  const gap = status?.gap
  return gap !== undefined && gap.coveredTime === undefined && covered !== undefined && coversGap(covered, gap)
}

function isToldOtherwise({ status }: GeminiWebhook, failing: NonNullable<BackfillView['failing']> | null): boolean {
  return status?.backfill?.failing?.message !== failing?.message
}
