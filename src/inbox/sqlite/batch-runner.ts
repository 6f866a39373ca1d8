import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { DatabaseSync } from 'node:sqlite'

import { unreachable } from '../../unreachable.ts'
import type { ClaimedDelivery } from '../port.ts'
import { Ballast } from './ballast.ts'
import { packEvent, packResults, unpackItem, type PackedItem } from './batch-codec.ts'
import { ByteReader, ByteWriter } from './byte-codec.ts'
import { DamagedFileError, damageAdvice, isDamage, openDatabase, sqliteCodeOf } from './open-database.ts'
import { openOrSetAside } from './set-aside.ts'
import { Store, type CommitPromise } from './store.ts'
import { judgeVolume, readVolume } from './volume.ts'
import type {
  BatchReport,
  Call,
  CallResult,
  FromWorker,
  PackedClaim,
  ToWorker,
  WorkerSettings,
} from './worker-protocol.ts'

const fullCode = 13
/** After a failed write nothing is claimed for so long: what could not be recorded would be sent twice. */
const claimPauseMs = 1_000

/** Of an event that is handed over: names, signature and content type, about. */
const bytesBesidesBody = 1_024

type Batch = Extract<ToWorker, { type: 'batch' }>

/** What the worker thread does, without the thread: one transaction per batch. */
export class BatchRunner {
  readonly #path: string
  readonly #store: Store
  readonly #ballast: Ballast
  readonly warning: string | undefined
  /** Where a damaged file was put, when it was. */
  readonly setAside: string | undefined
  readonly maxBytes: number
  #claimsPausedUntilMs = 0
  #batchesWritten = 0
  #writtenAtLastLook = 0
  #writtenAtCheckpoint = -1

  /** Throws an error that says what to do when the folder or the file cannot serve. */
  constructor(settings: WorkerSettings, open = openDatabase) {
    this.#path = settings.path
    const { database, setAside } = openOrSetAside(settings, open)
    this.setAside = setAside
    const volume = readVolume(this.#folder)
    const verdict = judgeVolume(volume, statSync(settings.path).size, settings.bounds.maxBytes)
    if (!verdict.usable) {
      database.close()
      throw new Error(`inbox file ${settings.path}: ${verdict.problem}`)
    }
    this.warning = verdict.warning
    this.maxBytes = verdict.maxBytes
    this.#store = openStore(database, { ...settings, bounds: { ...settings.bounds, maxBytes: verdict.maxBytes } })
    this.#ballast = new Ballast(`${settings.path}-ballast`, volume.totalBytes)
    this.#restoreBallast()
  }

  get #folder(): string {
    return dirname(this.#path)
  }

  get namespaces(): string[] {
    return this.#store.namespaces
  }

  run(batch: Batch): FromWorker {
    const started = performance.now()
    this.#store.learnQuotas(batch.quotas ?? [])
    try {
      return this.#attempt(batch, started)
    } catch (error) {
      if (sqliteCodeOf(error) !== fullCode) return this.#fail(error, batch)
      this.#store.rollback()
      this.#store.refusesAppends = true
      this.#ballast.release()
    }
    try {
      return this.#attempt(batch, started) // records and deletes fit into what the ballast left
    } catch (error) {
      return this.#fail(error, batch)
    }
  }

  /** What can wait until the batch has been answered. */
  afterAnswer(): void {
    try {
      this.#store.shortenLog()
    } catch {
      // The log stays as it is and grows on; a volume that cannot take the copy will fail the next commit, which is
      // handled there.
    }
  }

  report(nowMs: number, started = performance.now()): BatchReport {
    return {
      totals: this.#store.totals,
      kept: this.#store.keptCount,
      usedBytes: this.#store.usedBytes,
      largestShares: this.#store.largestShares,
      hasRoom: this.#store.hasRoom,
      oldestPendingMs: this.#store.oldestPendingMs(nowMs),
      droppedDeadLetters: this.#store.takeDropped(),
      commitMs: performance.now() - started,
      isVolumeFull: this.#store.refusesAppends,
    }
  }

  close(): void {
    this.#store.checkpoint()
    this.#store.close()
  }

  #attempt(batch: Batch, started: number): FromWorker {
    const items = [...unpackItems(batch.items)]
    this.#store.begin(promiseOf(items, batch.calls))
    const mayClaim = batch.nowMs >= this.#claimsPausedUntilMs
    const answers = items.map((item) => this.#store.apply(item, batch.nowMs, mayClaim))
    const calls = batch.calls.map((call) => this.#call(call, batch.nowMs))
    const wrote = this.#store.commit(batch.nowMs)
    this.#afterCommit(batch, wrote)
    const results = packResults(answers.map(({ result }) => result))
    const claims = new Map(
      [...answers.entries()].flatMap(([at, one]) => (one.claims.length > 0 ? [[at, one.claims]] : [])),
    )
    return { type: 'done', results, claims, calls, report: this.report(batch.nowMs, started) }
  }

  #fail(error: unknown, batch: Batch): FromWorker {
    this.#claimsPausedUntilMs = batch.nowMs + claimPauseMs
    const problem = `${error instanceof Error ? error.message : String(error)}${isDamage(error) ? `; ${damageAdvice}` : ''}`
    try {
      this.#store.rollback()
    } catch {
      // The first problem is the one to tell; the next batch starts with the same question.
    }
    return { type: 'failed', problem, isVolumeFull: this.#store.refusesAppends }
  }

  #call(call: Call, nowMs: number): CallResult {
    switch (call.type) {
      case 'claim':
        return packClaims(nowMs < this.#claimsPausedUntilMs ? [] : this.#store.claim(call, nowMs))
      case 'appendGivenUp':
        return { type: call.type, result: this.#store.appendGivenUp(call.event, call.reason, nowMs) }
      case 'deadLetters':
        return { type: call.type, page: this.#store.deadLetters(call.query) }
      case 'deadLetterEvent':
        return { type: call.type, event: this.#store.deadLetterEvent(call.deliveryId) }
      case 'replay':
        return { type: call.type, replayed: this.#store.replay(call.deliveryId, nowMs) }
      case 'kept':
        return { type: call.type, page: this.#store.kept(call.query) }
      case 'pending':
        return { type: call.type, page: this.#store.pending(call.query, nowMs) }
      case 'retryNow':
        return { type: call.type, lane: this.#store.retryNow(call.deliveryId, nowMs) }
      case 'hurry':
        return { type: call.type, hurried: this.#store.hurry(call.request, nowMs) }
      case 'listHandover':
        return { type: call.type, events: this.#store.listHandover(call.limit) }
      case 'takeOver':
        return { type: call.type, result: this.#store.takeOver(call.handed, nowMs) }
      case 'release':
        this.#store.release(call.ref, nowMs)
        return { type: call.type }
      case 'backlog':
        return { type: call.type, sinks: this.#store.backlog() }
      case 'stats':
        return { type: call.type, stats: this.#store.stats(nowMs) }
      case 'nextDue':
        return { type: call.type, atMs: this.#store.nextDueMs() }
      case 'maintain':
        if (call.writesFail === true) this.#store.tryWriting()
        return { type: call.type, more: this.#store.retain(nowMs) }
      default:
        return unreachable(call)
    }
  }

  /**
   * With each look after things: the ballast back where there is room again, the log emptied when nothing was written
   * since the last look.
   */
  #afterCommit(batch: Batch, wrote: boolean): void {
    this.#batchesWritten += wrote ? 1 : 0
    if (!batch.calls.some(({ type }) => type === 'maintain')) return
    const isIdle = this.#batchesWritten === this.#writtenAtLastLook
    this.#writtenAtLastLook = this.#batchesWritten
    if (isIdle && this.#writtenAtCheckpoint !== this.#batchesWritten) this.#checkpoint()
    if (this.#store.refusesAppends || !this.#ballast.isHeld) this.#restoreBallast()
  }

  /** The batch is durable already: a volume without room for the copy is no reason to say that it failed. */
  #checkpoint(): void {
    try {
      this.#store.checkpoint()
      this.#writtenAtCheckpoint = this.#batchesWritten
    } catch {
      // The log stays, and the next idle look tries again.
    }
  }

  #restoreBallast(): void {
    try {
      const isHeld = this.#ballast.isHeld || this.#ballast.restore(readVolume(this.#folder).availableBytes)
      this.#store.refusesAppends = !isHeld
    } catch {
      this.#ballast.release() // half a ballast holds what is needed elsewhere
      this.#store.refusesAppends = true
    }
  }
}

function openStore(database: DatabaseSync, { path, bounds, nowMs }: WorkerSettings): Store {
  try {
    return new Store(database, bounds, nowMs)
  } catch (error) {
    database.close()
    throw isDamage(error) ? new DamagedFileError(path, { cause: error }) : error
  }
}

function* unpackItems(packed: Uint8Array): Generator<PackedItem> {
  const reader = new ByteReader(packed)
  while (!reader.isAtEnd) yield unpackItem(reader)
}

/**
 * A dead letter that was made due again, which somebody asked for and was answered; an event of another inbox, which
 * forgets it once it is here; and maintenance, which makes durable what was only in order.
 */
const durableCalls = new Set<Call['type']>(['replay', 'takeOver', 'maintain'])

/**
 * Only what was accepted from somebody, who then forgets it, needs the disk before the answer. A claim or a record that
 * is lost with the power repeats an attempt, as the loss of the process between sending and recording always could; an
 * fsync for each would keep the appends waiting. So would one for what is given up from the beginning: it only has to
 * be kept before what is recorded after it, which is of the same file.
 */
function promiseOf(items: readonly PackedItem[], calls: readonly Call[]): CommitPromise {
  const isDurable = items.some(({ type }) => type === 'append') || calls.some(({ type }) => durableCalls.has(type))
  return isDurable ? 'durable' : 'ordered'
}

function packClaims(claimed: readonly ClaimedDelivery[]): CallResult {
  const writer = new ByteWriter(claimed.reduce((sum, { event }) => sum + event.body.length + bytesBesidesBody, 0))
  const claims: PackedClaim[] = []
  for (const { event, ...claim } of claimed) {
    packEvent(writer, event)
    claims.push(claim)
  }
  return { type: 'claim', claims, events: writer.take() }
}
