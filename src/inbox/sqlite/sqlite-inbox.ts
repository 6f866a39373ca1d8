import type { Worker } from 'node:worker_threads'

import type { Clock } from '../../clock.ts'
import type { Logger } from '../../observability/logger.ts'
import {
  InboxUnavailableError,
  type AppendResult,
  type ClaimedDelivery,
  type DeadLetterPage,
  type Handover,
  type DeadLetterQuery,
  type Inbox,
  type InboxStats,
  type NewEvent,
  type NextStep,
} from '../port.ts'
import { packAppend, packRecord, unpackEvent, unpackResult, type ItemResult } from './batch-codec.ts'
import { ByteReader, type ByteWriter } from './byte-codec.ts'
import { Gathering, type Waiters } from './gathering.ts'
import type { createInboxInstruments } from './inbox-instruments.ts'
import type { Call, CallResult, FromWorker, ToWorker } from './worker-protocol.ts'

const maintenanceIntervalMs = 5_000
/** Between two slices of forgetting, so that appends get their turn. */
const maintenancePauseMs = 20
/** What may wait for one commit: behind a volume that hangs, memory is what fills. */
const maxWaitingBytes = 64 * 1024 * 1024
const maxEventIdCharacters = 256

interface Parts {
  worker: Worker
  clock: Clock
  logger: Logger
  instruments: ReturnType<typeof createInboxInstruments>
  onEnded: (why: string) => void
}

/**
 * The main thread's half: gathers what arrives while the last commit runs and hands it over. Appends are a batch of their own, because it alone waits for
 * the disk; records, claims and questions go before it, so that what is on its way to a sink never waits for what is only arriving.
 */
export class SqliteInbox implements Inbox {
  readonly #parts: Parts
  readonly #appends = new Gathering()
  readonly #others = new Gathering()
  /** Handed over and not answered yet, in the order of their answers. */
  readonly #underWay: Waiters[] = []
  #isSendPlanned = false
  #wasVolumeFull = false
  /** Once set, every operation fails with it. */
  #ended: InboxUnavailableError | undefined
  #whenClosed: (() => void) | undefined
  #cancelMaintenance: () => void

  constructor(parts: Parts) {
    this.#parts = parts
    parts.worker.on('message', (message: FromWorker) => this.#receive(message))
    parts.worker.on('error', (error) => this.#end(`its worker thread failed: ${error.message}`))
    parts.worker.on('exit', () => this.#end('its worker thread ended'))
    this.#cancelMaintenance = this.#planMaintenance(maintenanceIntervalMs)
  }

  async append(event: NewEvent): Promise<AppendResult> {
    if (event.eventId.length > maxEventIdCharacters) {
      throw new TypeError(`eventId has ${event.eventId.length} characters; at most ${maxEventIdCharacters} are kept`)
    }
    if (this.#appends.bytes > maxWaitingBytes) throw new InboxUnavailableError('inbox: too much waits for the disk')
    const result = await this.#item(this.#appends, (writer) => packAppend(writer, event))
    if (result === 'recorded') throw new Error('inbox: an append was answered as a record')
    return result
  }

  async record(delivery: ClaimedDelivery, next: NextStep): Promise<void> {
    const [id, claim] = delivery.deliveryId.split('.').map(Number)
    if (id === undefined || claim === undefined) throw new TypeError('record: the delivery was not claimed here')
    await this.#item(this.#others, (writer) => packRecord(writer, id, claim, next))
  }

  async claimDue(
    limit: number,
    leaseMs: number,
    exceptSinks: ReadonlySet<string> = new Set(),
  ): Promise<ClaimedDelivery[]> {
    const result = await this.#call({ type: 'claim', limit, leaseMs, exceptSinks })
    if (result.type !== 'claim') return []
    const events = new ByteReader(result.events)
    return result.claims.map((claim) => Object.assign(claim, { event: unpackEvent(events) }))
  }

  async deadLetters(query: DeadLetterQuery): Promise<DeadLetterPage> {
    const result = await this.#call({ type: 'deadLetters', query })
    return result.type === 'deadLetters' ? result.page : { deadLetters: [] }
  }

  async deadLetterEvent(deliveryId: string): Promise<NewEvent | undefined> {
    const result = await this.#call({ type: 'deadLetterEvent', deliveryId })
    return result.type === 'deadLetterEvent' ? result.event : undefined
  }

  async replay(deliveryId: string): Promise<boolean> {
    const result = await this.#call({ type: 'replay', deliveryId })
    return result.type === 'replay' && result.replayed
  }

  readonly handover: Handover = {
    list: async (limit) => {
      const result = await this.#call({ type: 'listHandover', limit })
      return result.type === 'listHandover' ? result.events : []
    },
    takeOver: async (handed) => {
      const result = await this.#call({ type: 'takeOver', handed })
      if (result.type !== 'takeOver') throw new Error('inbox: a handover was answered as something else')
      return result.result
    },
    release: async (ref) => {
      await this.#call({ type: 'release', ref })
    },
  }

  async stats(): Promise<InboxStats> {
    const result = await this.#call({ type: 'stats' })
    if (result.type !== 'stats') throw new Error('inbox: stats were answered as something else')
    return result.stats
  }

  async nextDueMs(): Promise<number | undefined> {
    const result = await this.#call({ type: 'nextDue' })
    return result.type === 'nextDue' ? result.atMs : undefined
  }

  /** Finishes what is under way and waiting, then closes the file. Idempotent. */
  async close(): Promise<void> {
    this.#cancelMaintenance()
    if (this.#ended !== undefined) return
    await new Promise<void>((resolve) => {
      this.#whenClosed = resolve
      this.#sendOrClose()
    })
  }

  #item(to: Gathering, pack: (writer: ByteWriter) => void): Promise<ItemResult> {
    return new Promise((resolve, reject) => {
      if (this.#isRefused(reject)) return
      to.addItem(pack, { resolve, reject })
      this.#planSend()
    })
  }

  #call(call: Call): Promise<CallResult> {
    return new Promise((resolve, reject) => {
      if (this.#isRefused(reject)) return
      this.#others.addCall(call, { resolve, reject })
      this.#planSend()
    })
  }

  #isRefused(reject: (error: Error) => void): boolean {
    const error = this.#ended ?? (this.#whenClosed && new InboxUnavailableError('inbox: it is closing'))
    if (error === undefined) return false
    reject(error)
    return true
  }

  /** At the end of this turn of the event loop, so that all requests that it read share the first commit too. */
  #planSend(): void {
    if (this.#underWay.length > 0 || this.#isSendPlanned) return
    this.#isSendPlanned = true
    setImmediate(() => {
      this.#isSendPlanned = false
      this.#sendOrClose()
    })
  }

  #sendOrClose(): void {
    if (this.#underWay.length > 0 || this.#ended !== undefined) return
    for (const gathering of [this.#others, this.#appends]) {
      if (gathering.isEmpty) continue
      const { message, transfer, waiters } = gathering.take(this.#parts.clock.now())
      this.#underWay.push(waiters)
      this.#tell(message, transfer)
    }
    if (this.#underWay.length === 0 && this.#whenClosed !== undefined) this.#tell({ type: 'close' })
  }

  #tell(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#parts.worker.postMessage(message, transfer)
  }

  #receive(message: FromWorker): void {
    if (message.type === 'closed') return this.#end('it is closed')
    const batch = this.#underWay.shift()
    if (batch === undefined) return
    if (message.type === 'done') {
      const { results, calls, report } = message
      this.#parts.instruments.note(report)
      if (batch.items.length > 0) this.#parts.instruments.committed(batch.items.length, report)
      this.#noteVolume(report.isVolumeFull)
      for (const [at, waiting] of batch.items.entries()) waiting.resolve(unpackResult(results[at]))
      for (const [at, waiting] of batch.calls.entries()) {
        const result = calls[at]
        if (result !== undefined) waiting.resolve(result)
      }
    } else if (message.type === 'failed') {
      this.#parts.instruments.failures.add()
      this.#parts.logger.error({ problem: message.problem, items: batch.items.length }, 'inbox.commit_failed')
      this.#noteVolume(message.isVolumeFull)
      const error = new InboxUnavailableError(`inbox: the batch could not be written: ${message.problem}`)
      for (const waiting of [...batch.items, ...batch.calls]) waiting.reject(error)
    }
    this.#sendOrClose()
  }

  #noteVolume(isFull: boolean): void {
    if (isFull === this.#wasVolumeFull) return
    this.#wasVolumeFull = isFull
    if (isFull) this.#parts.logger.error({}, 'inbox.volume_full')
    else this.#parts.logger.info({}, 'inbox.volume_has_room')
  }

  #end(why: string): void {
    if (this.#ended !== undefined) return
    this.#ended = new InboxUnavailableError(`inbox: ${why}`)
    this.#cancelMaintenance()
    const { waiters: others } = this.#others.take(0)
    const { waiters: appends } = this.#appends.take(0)
    for (const { items, calls } of [...this.#underWay.splice(0), others, appends]) {
      for (const { reject } of items) reject(this.#ended)
      for (const { reject } of calls) reject(this.#ended)
    }
    if (this.#whenClosed !== undefined) return this.#whenClosed()
    this.#parts.logger.error({ why }, 'inbox.ended')
    this.#parts.onEnded(why)
  }

  #planMaintenance(delayMs: number): () => void {
    return this.#parts.clock.after(delayMs, () => void this.#maintain())
  }

  async #maintain(): Promise<void> {
    let more = false
    try {
      const result = await this.#call({ type: 'maintain' })
      more = result.type === 'maintain' && result.more
    } catch {
      // Logged and counted where the batch failed; the next round tries again.
    }
    if (this.#ended === undefined && this.#whenClosed === undefined) {
      this.#cancelMaintenance = this.#planMaintenance(more ? maintenancePauseMs : maintenanceIntervalMs)
    }
  }
}
