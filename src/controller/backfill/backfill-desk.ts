import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Clock } from '../../clock.ts'
import type { KeyringEntry } from '../../contract/keyring/entry.ts'
import type { BatchService } from '../../gemini/batch-service.ts'
import type { ObjectKey } from '../../kubernetes/client.ts'
import type { ObjectChange } from '../../kubernetes/reflector.ts'
import type { Logger } from '../../observability/logger.ts'
import type { BackfillRun, BackfillView } from '../facts/backfill-view.ts'
import { backfillTaskOf, type BackfillTask } from './backfill-task.ts'
import { nextRunMs, type KeyRuns, type RunPauses } from './due-run.ts'
import { ObjectRecords } from './object-records.ts'
import { runBackfill, type RunOutcome, type RunSubject } from './run-backfill.ts'
import { SeenBatches, type SeenBatch } from './seen-batches.ts'
import type { SendBackfillEvent, SentEvent } from './send-event.ts'

export interface BackfillDeskOptions {
  clock: Clock
  random: () => number
  logger: Logger
  pauses: RunPauses
  webhooks: { get(key: ObjectKey): GeminiWebhook | undefined }
  /** Whether anything may be asked of Google, and sent, for this object now. */
  mayRun: (webhook: GeminiWebhook) => boolean
  /** What an object subscribes to, by the names that events have here. */
  eventsOf: (webhook: GeminiWebhook) => readonly string[]
  /** The batches behind an API key that the namespace has shown; undefined: it is not known yet, or not any more. */
  batchesOf: (fingerprint: string, namespace: string) => BatchService | undefined
  entryOf: (uid: string) => KeyringEntry | undefined
  send: SendBackfillEvent
  /** The objects have news for their status. */
  wake: (uids: readonly string[]) => void
  instruments: {
    backfilled: { add(value?: number): void }
    runs: { add(value: number, labels: { outcome: string }): void }
  }
}

interface KeyState {
  runs: KeyRuns
  readonly share: number
  readonly seen: SeenBatches
  isRunning: boolean
  /** The list under way, and for whom. */
  listing?: { readonly due: readonly Due[]; readonly end: AbortController }
}

interface Due {
  webhook: GeminiWebhook
  task: BackfillTask
}

/** Lists under way at the same time; a key that nobody answers takes some seconds for each page. */
const mostRuns = 4
/** Of the batches that the lists of all keys have shown, some 200 bytes each. */
const mostRemembered = 100_000
/** Of the thread's time, for finding out what is due. */
const shareOfTime = 0.05
const shortestRestMs = 200

/**
 * The runs of the backfill: lists the batches of each API key once an interval, for all objects of the key, and sends
 * what is owed. Everything that it knows beyond status may be lost: then it is sent again, and folded by the receivers.
 */
export class BackfillDesk {
  readonly #options: BackfillDeskOptions
  /** Those with backfill in their spec. */
  readonly #objects = new Map<string, ObjectKey>()
  readonly #keys = new Map<string, KeyState>()
  readonly #records: ObjectRecords
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #isStarted = false
  #runs = 0
  #cancelLook: (() => void) | undefined
  #lookAtMs = Infinity
  #restUntilMs = -Infinity

  constructor(options: BackfillDeskOptions) {
    this.#options = options
    this.#records = new ObjectRecords(options.clock)
  }

  /** A watch saw a change of an object. */
  observe({ type, object }: ObjectChange<GeminiWebhook>): void {
    const { uid, namespace, name } = object.metadata
    if (type === 'deleted' || object.spec.backfill === undefined) {
      if (!this.#objects.delete(uid)) return
      this.#records.forget(uid)
    } else this.#objects.set(uid, { namespace, name })
    this.#lookWithin(shortestRestMs)
  }

  /** Something beside the objects has changed that decides whether anything may be done for them. */
  lookAgain(): void {
    for (const { listing } of this.#keys.values()) {
      // As in a pause of the installation: a long list would make many more calls.
      if (listing?.due.some(({ webhook }) => this.#options.mayRun(webhook)) === false) listing.end.abort()
    }
    this.#lookWithin(0)
  }

  /** What status is to tell; undefined: nothing is known. The same value until there is more to tell. */
  viewOf(uid: string): BackfillView | undefined {
    return this.#records.viewOf(uid)
  }

  /** Status tells of these runs now. */
  told(uid: string, runs: readonly BackfillRun[]): void {
    this.#records.told(uid, runs)
  }

  /** From now on runs are made. */
  start(): void {
    this.#isStarted = true
    this.#lookWithin(0)
  }

  /** Resolves when nothing is under way any more; what was not sent yet is not sent. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the controller is stopping'))
    this.#cancelLook?.()
    await Promise.all(this.#running)
  }

  #lookWithin(delayMs: number): void {
    const { clock } = this.#options
    if (!this.#isStarted || this.#stopping.signal.aborted) return
    const atMs = Math.max(clock.monotonic() + delayMs, this.#restUntilMs)
    if (this.#cancelLook !== undefined && this.#lookAtMs <= atMs) return
    this.#cancelLook?.()
    this.#lookAtMs = atMs
    this.#cancelLook = clock.after(atMs - clock.monotonic(), () => this.#look())
  }

  /** Begins the runs that are due, the longest due first, and comes back for the next. */
  #look(): void {
    const { clock, pauses } = this.#options
    this.#cancelLook = undefined
    const startedMs = clock.monotonic()
    const groups = this.#groups()
    for (const [fingerprint, { isRunning }] of this.#keys) {
      if (!groups.has(fingerprint) && !isRunning) this.#keys.delete(fingerprint)
    }
    const idle = [...groups].flatMap(([fingerprint, due]) => {
      const key = this.#keyOf(fingerprint)
      if (key.isRunning) return []
      const wishes = due.map(({ webhook, task }) => this.#records.wishOf(webhook, task))
      return [{ fingerprint, due, key, atMs: nextRunMs(key.runs, wishes, pauses, key.share) }]
    })
    const inOrder = idle.toSorted((a, b) => a.atMs - b.atMs)
    const ready = inOrder.filter(({ atMs }) => atMs <= startedMs).slice(0, Math.max(mostRuns - this.#running.size, 0))
    for (const { fingerprint, due, key } of ready) this.#begin(fingerprint, due, key)
    const endedMs = clock.monotonic()
    this.#restUntilMs = endedMs + Math.max((endedMs - startedMs) / shareOfTime, shortestRestMs)
    const next = inOrder.find(({ key }) => !key.isRunning)
    // Where all places are taken, the end of a run looks again.
    if (next !== undefined && this.#running.size < mostRuns) this.#lookWithin(Math.max(next.atMs - endedMs, 0))
  }

  /** The objects for which something is to be done now, by their API key. */
  #groups(): Map<string, Due[]> {
    const { clock, webhooks, mayRun } = this.#options
    const nowMs = clock.now()
    const groups = new Map<string, Due[]>()
    for (const [uid, key] of this.#objects) {
      const webhook = webhooks.get(key)
      const fingerprint = webhook?.status?.webhook?.keyFingerprint
      if (webhook?.metadata.uid !== uid || fingerprint === undefined || !mayRun(webhook)) continue
      const task = backfillTaskOf(webhook, nowMs)
      if (task === undefined) continue
      const group = groups.get(fingerprint)
      if (group === undefined) groups.set(fingerprint, [{ webhook, task }])
      else group.push({ webhook, task })
    }
    return groups
  }

  #keyOf(fingerprint: string): KeyState {
    const known = this.#keys.get(fingerprint)
    if (known !== undefined) return known
    const { clock, random } = this.#options
    const runs = { noticedMs: clock.monotonic(), failures: 0 }
    const key = { runs, share: random(), seen: new SeenBatches(), isRunning: false }
    this.#keys.set(fingerprint, key)
    return key
  }

  #begin(fingerprint: string, due: readonly Due[], key: KeyState): void {
    key.isRunning = true
    const running: Promise<void> = this.#run(fingerprint, due, key)
      .catch((error: unknown) => this.#options.logger.error({ error }, 'backfill.failed'))
      .finally(() => {
        key.isRunning = false
        this.#running.delete(running)
        this.#lookWithin(0)
      })
    this.#running.add(running)
  }

  async #run(fingerprint: string, due: readonly Due[], key: KeyState): Promise<void> {
    const { clock, batchesOf, instruments, wake } = this.#options
    const { signal } = this.#stopping
    const startedMs = clock.monotonic()
    const end = new AbortController()
    key.listing = { due, end }
    let isFailed = true
    try {
      const batches = due
        .values()
        .map(({ webhook }) => batchesOf(fingerprint, webhook.metadata.namespace))
        .find(isThere)
      // None of its objects has had a pass of this process yet, or none has shown the key.
      if (batches === undefined) return
      this.#makeRoom()
      const subjects = due.map(({ webhook, task }) => this.#subject(webhook, task))
      const send = (uid: string, batch: SeenBatch) => this.#send(uid, batch)
      this.#runs += 1
      const listing = AbortSignal.any([signal, end.signal])
      const outcomes = await runBackfill(subjects, { run: this.#runs, batches, seen: key.seen, send, listing, signal })
      isFailed = outcomes.every(hasNoList)
      if (signal.aborted || (end.signal.aborted && isFailed)) return
      const hasFailed = isFailed || outcomes.some(({ isRefused }) => isRefused)
      instruments.runs.add(1, { outcome: hasFailed ? 'failed' : 'done' })
      instruments.backfilled.add(outcomes.reduce((sum, { found }) => sum + found, 0))
      const news = outcomes.filter((outcome) => this.#note(outcome))
      wake(news.map(({ subject }) => subject.webhook.metadata.uid))
    } finally {
      delete key.listing
      const failures = isFailed ? key.runs.failures + 1 : 0
      key.runs = { ...key.runs, failures, last: { startedMs, endedMs: clock.monotonic() } }
    }
  }

  #subject(webhook: GeminiWebhook, task: BackfillTask): RunSubject {
    const progress = this.#records.progressOf(webhook.metadata.uid)
    const events = this.#options.eventsOf(webhook)
    return { webhook, events, task, progress, isFirst: this.#records.isFirst(webhook) }
  }

  /** Of one that was taken out of the spec meanwhile nothing is remembered. */
  #note(outcome: RunOutcome): boolean {
    const { namespace, name, uid } = outcome.subject.webhook.metadata
    const { found, failure } = outcome
    const { logger, webhooks } = this.#options
    if (found > 0) logger.info({ namespace, name, found }, 'backfill.found')
    if (failure !== undefined) logger.warn({ namespace, name, why: failure }, 'backfill.failed')
    const webhook = webhooks.get({ namespace, name })
    return this.#objects.has(uid) && webhook?.metadata.uid === uid && this.#records.note(outcome, webhook)
  }

  /** Looked up for each event: what was deleted, suspended or rotated meanwhile is so from the next event on. */
  async #send(uid: string, batch: SeenBatch): Promise<SentEvent | undefined> {
    const { clock, webhooks, mayRun, entryOf, send } = this.#options
    const key = this.#objects.get(uid)
    const webhook = key && webhooks.get(key)
    const publicUrl = webhook?.status?.endpoint?.url
    if (webhook?.metadata.uid !== uid || publicUrl === undefined || !mayRun(webhook)) return undefined
    const { namespace, name } = webhook.metadata
    const entry = entryOf(uid)
    // The lookback was just made longer, or the run takes very long: they would take it for new.
    if (entry !== undefined && batch.endedAtMs < clock.now() - (entry.foldJobsForSeconds ?? 0) * 1_000)
      return { state: 'failed', why: 'they do not remember for so long which events they had', endsRun: true }
    return send(batch, { namespace, name, publicUrl, secrets: entry?.secrets ?? [] })
  }

  #makeRoom(): void {
    const states = [...this.#keys.values()]
    const remembered = states.reduce((sum, { seen }) => sum + seen.size, 0)
    if (remembered > mostRemembered) for (const { seen, isRunning } of states) if (!isRunning) seen.forget()
  }
}

function hasNoList({ run }: RunOutcome): boolean {
  return run === undefined
}

function isThere(batches: BatchService | undefined): batches is BatchService {
  return batches !== undefined
}
