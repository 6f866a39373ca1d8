import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { BatchService, EndedBatches } from '../../gemini/batch-service.ts'
import { failureOf } from '../facts/failure-class.ts'
import type { BackfillTask } from './backfill-task.ts'
import { countOlder, owedEvents, type BackfillProgress } from './owed-events.ts'
import type { SeenBatch, SeenBatches } from './seen-batches.ts'
import type { SentEvent } from './send-event.ts'
import { sendInTurns, type OwedByObject, type SentForObject } from './send-in-turns.ts'

/** An object that takes part in a run. */
export interface RunSubject {
  readonly webhook: GeminiWebhook
  /** The types that it subscribes to, by the names that they have here. */
  readonly events: readonly string[]
  readonly task: BackfillTask
  readonly progress: BackfillProgress | undefined
  /** No run was told of yet. */
  readonly isFirst: boolean
}

/** What a run did for one object. */
export interface RunOutcome {
  readonly subject: RunSubject
  /** Of the run, by its list. Absent: there is no list. */
  readonly run?: number
  /** How many events receivers stored that Google had not delivered. */
  readonly found: number
  readonly acknowledged: ReadonlySet<string>
  /** Receivers have all that this object looks for, as far as the list shows it. */
  readonly isDone: boolean
  /** Events had to be left for the next run, because there were so many. */
  readonly hasMore: boolean
  /**
   * Where events had to be left, and receivers took all others: they have everything that ended before `endedMs`, of
   * what this object looks for, and `ids` of what ended in that millisecond.
   */
  readonly reached?: { readonly endedMs: number; readonly ids: ReadonlySet<string> }
  /** Receivers did not take all that was sent. */
  readonly isRefused: boolean
  /** The list showed every batch of the project, and each could be read. */
  readonly isWhole: boolean
  /** Of the first run: how many events ended before what is looked for. */
  readonly older?: number
  /** What failed and what to do. */
  readonly failure?: string
}

interface RunDeps {
  /** Greater than that of every run before, of whichever key. */
  run: number
  batches: BatchService
  seen: SeenBatches
  send: (uid: string, batch: SeenBatch) => Promise<SentEvent | undefined>
  /** Ends the list alone. */
  listing: AbortSignal
  signal: AbortSignal
}

const tooMany =
  'the Google project has more batches than are listed, so that not all of those that ended are known: delete old batches at Google'

const unknown =
  'the list shows batches in states that this version does not know, or that it cannot read, so that not all of those that ended are known: upgrade the controller'

const paused =
  'the batches at Google could not be listed: Google asked for a pause, or the call budget of the API key is used up; it goes on by itself'

/** One list, and what follows from it for each object. A list that fails is an outcome; rejects only for a defect. */
export async function runBackfill(subjects: readonly RunSubject[], deps: RunDeps): Promise<RunOutcome[]> {
  const { run, batches, seen, send, listing, signal } = deps
  const endedAfterMs = subjects.reduce((earliest, { task }) => Math.min(earliest, task.oldestMs, task.fromMs), Infinity)
  const list = await listed(batches, { endedAfterMs, signal: listing })
  if (typeof list === 'string') return subjects.map((subject) => withoutList(subject, list))
  const jobs = seen.take(list.jobs, { run, endedAfterMs })
  const shares = subjects.map((subject) => shareOf(subject, jobs))
  const owing = shares.filter(({ owed }) => owed.length > 0)
  const sent = await sendInTurns(owing, send, signal)
  const missing = missingFrom(list)
  return shares.map((share) => outcomeOf(share, { run, jobs, missing, done: sent.get(share.uid) }))
}

/** What one object is owed. */
interface Share extends OwedByObject {
  readonly subject: RunSubject
  readonly isAll: boolean
}

function shareOf(subject: RunSubject, jobs: readonly SeenBatch[]): Share {
  const { uid, namespace } = subject.webhook.metadata
  return { subject, uid, namespace, ...owedEvents(jobs, { ...wantedBy(subject), progress: subject.progress }) }
}

interface Done {
  run: number
  jobs: readonly SeenBatch[]
  missing: string | undefined
  done: SentForObject | undefined
}

function outcomeOf({ subject, owed, isAll }: Share, { run, jobs, missing, done = nothingSent }: Done): RunOutcome {
  const failure = failureIn(done) ?? missing
  const areTaken = done.acknowledged.size === owed.length
  const reached = !isAll && areTaken ? reachedBy(owed) : undefined
  return {
    subject,
    run,
    found: done.stored,
    acknowledged: done.acknowledged,
    isDone: isAll && areTaken,
    hasMore: !isAll,
    ...(reached !== undefined && { reached }),
    isRefused: done.failure !== undefined,
    isWhole: missing === undefined,
    ...(subject.isFirst && { older: countOlder(jobs, wantedBy(subject)) }),
    ...(failure !== undefined && { failure }),
  }
}

function reachedBy(owed: readonly SeenBatch[]): RunOutcome['reached'] {
  const endedMs = owed.at(-1)?.endedAtMs
  if (endedMs === undefined) return undefined
  return { endedMs, ids: new Set(owed.filter((job) => job.endedAtMs === endedMs).map(({ eventId }) => eventId)) }
}

async function listed(
  batches: BatchService,
  query: { endedAfterMs: number; signal: AbortSignal },
): Promise<EndedBatches | string> {
  try {
    return await batches.listEndedBatches(query)
  } catch (error) {
    if (query.signal.aborted) return 'the list was given up, for nothing may be asked of Google now'
    const { reason, message } = failureOf(error)
    // How long a pause is changes with every look, and status must not.
    return reason === 'RateLimited' ? paused : `the batches at Google could not be listed: ${message}`
  }
}

function withoutList(subject: RunSubject, failure: string): RunOutcome {
  return {
    subject,
    found: 0,
    acknowledged: new Set(),
    isDone: false,
    hasMore: false,
    isRefused: false,
    isWhole: false,
    failure,
  }
}

const nothingSent: SentForObject = { stored: 0, acknowledged: new Set() }

function failureIn({ failure }: SentForObject): string | undefined {
  return failure === undefined ? undefined : `receivers did not take what Google had not delivered: ${failure}`
}

/** Why the list does not show all that ended; undefined where it does. A batch in a new state may have ended, too. */
function missingFrom({ isWhole, unreadable, unknownStates }: EndedBatches): string | undefined {
  if (!isWhole) return tooMany
  return unreadable > 0 || unknownStates.length > 0 ? unknown : undefined
}

function wantedBy({ events, task }: RunSubject) {
  return { events, task }
}
