import type { Worker } from 'node:worker_threads'

import type { Clock } from '../../clock.ts'
import type { Logger } from '../../observability/logger.ts'
import {
  InboxUnavailableError,
  type Appended,
  type AppendResult,
  type ClaimTerms,
  type ClaimedDelivery,
  type DeadLetterPage,
  type Handover,
  type DeadLetterQuery,
  type DeadLetterReason,
  type FirstLeases,
  type GivenUpResult,
  type HurryRequest,
  type Inbox,
  type InboxObstacle,
  type InboxStats,
  type KeptPage,
  type KeptQuery,
  type NewEvent,
  type NextStep,
  type PendingPage,
  type PendingQuery,
  type SinkBacklog,
} from '../port.ts'
import { Admission } from '../admission.ts'
import { packRecord, unpackEvent, unpackResult } from './batch-codec.ts'
import { ByteReader } from './byte-codec.ts'
import type { Waiting } from './gathering.ts'
import { HandOver } from './hand-over.ts'
import type { createInboxInstruments } from './inbox-instruments.ts'
import type { QuotaTeller } from './told-quotas.ts'
import {
  isResultOf,
  type BatchReport,
  type Call,
  type CallResult,
  type FromWorker,
  type ItemAnswer,
  type ResultOf,
} from './worker-protocol.ts'

const maintenanceIntervalMs = 5_000
/** Between two slices of forgetting, so that appends get their turn. */
const maintenancePauseMs = 20
const maxEventIdCharacters = 256
/** Longer than any volume takes that works. */
const longestCommitMs = 5_000

interface SqliteInboxDeps {
  worker: Worker
  clock: Clock
  logger: Logger
  instruments: ReturnType<typeof createInboxInstruments>
  quotas: QuotaTeller
  appendIntervalMs: number
  onEnded: (why: string) => void
}

/** The main thread's half: hands over what is asked for, and gives the answers to those who asked. */
export class SqliteInbox implements Inbox {
  readonly #deps: SqliteInboxDeps
  readonly #handOver: HandOver
  readonly #admission: Admission
  #wasVolumeFull = false
  /** Once set, every operation fails with it. */
  #ended: InboxUnavailableError | undefined
  #whenClosed: (() => void) | undefined
  #cancelMaintenance: () => void

  constructor(deps: SqliteInboxDeps) {
    this.#deps = deps
    this.#admission = new Admission(deps)
    const { clock, quotas, worker, appendIntervalMs } = deps
    this.#handOver = new HandOver({
      clock,
      quotas,
      appendIntervalMs,
      post: (message, transfer = []) => worker.postMessage(message, transfer),
    })
    worker.on('message', (message: FromWorker) => this.#receive(message))
    worker.on('error', (error) => this.#end(`its worker thread failed: ${error.message}`))
    worker.on('exit', () => this.#end('its worker thread ended'))
    this.#cancelMaintenance = this.#planMaintenance(maintenanceIntervalMs)
  }

  get obstacle(): InboxObstacle | undefined {
    if (this.#ended !== undefined) return 'Ended'
    if (this.#wasVolumeFull) return 'VolumeFull'
    if (this.#handOver.owedMs > longestCommitMs) return 'NotConfirmed'
    return this.#admission.obstacle
  }

  async append(event: NewEvent): Promise<AppendResult> {
    return (await this.#append(event)).result
  }

  appendClaiming(event: NewEvent, leases: FirstLeases): Promise<Appended> {
    return this.#append(event, leases.size > 0 ? leases : undefined)
  }

  async #append(event: NewEvent, leases?: FirstLeases): Promise<Appended> {
    this.#expectEvent(event)
    const { result, claims } = await this.#item((waiting) => {
      if (!this.#handOver.append(event, waiting, leases)) waiting.resolve({ result: 'ownerBusy', claims: [] })
    })
    if (result === 'inboxFull') this.#admission.block('Full')
    if (result === 'recorded') throw new Error('inbox: an append was answered as a record')
    return {
      result,
      claimed: claims.map((claim) => Object.assign(claim, { event: { ...event, sinks: [claim.sink] } })),
    }
  }

  async appendGivenUp(event: NewEvent, reason: DeadLetterReason): Promise<GivenUpResult> {
    this.#expectEvent(event)
    const { result } = await this.#call({ type: 'appendGivenUp', event, reason })
    if (result === 'full') this.#admission.block('Full')
    return result
  }

  #expectEvent({ eventId, owner }: NewEvent): void {
    if (eventId.length > maxEventIdCharacters) {
      throw new TypeError(`eventId has ${eventId.length} characters; at most ${maxEventIdCharacters} are kept`)
    }
    this.#deps.quotas.look(owner.namespace)
  }

  async record(delivery: ClaimedDelivery, next: NextStep, when: 'now' | 'soon' = 'now'): Promise<void> {
    const [id, claim] = delivery.deliveryId.split('.').map(Number)
    if (id === undefined || claim === undefined) throw new TypeError('record: the delivery was not claimed here')
    await this.#item((waiting) => this.#handOver.record((writer) => packRecord(writer, id, claim, next), waiting, when))
  }

  async claimDue(limit: number, leaseMs: number, terms?: ClaimTerms): Promise<ClaimedDelivery[]> {
    const result = await this.#call({ type: 'claim', limit, leaseMs, ...terms })
    const events = new ByteReader(result.events)
    return result.claims.map((claim) => Object.assign(claim, { event: withOwnBody(unpackEvent(events)) }))
  }

  async deadLetters(query: DeadLetterQuery): Promise<DeadLetterPage> {
    return (await this.#call({ type: 'deadLetters', query })).page
  }

  async deadLetterEvent(deliveryId: string): Promise<NewEvent | undefined> {
    return (await this.#call({ type: 'deadLetterEvent', deliveryId })).event
  }

  async replay(deliveryId: string): Promise<boolean> {
    return (await this.#call({ type: 'replay', deliveryId })).replayed
  }

  async kept(query: KeptQuery): Promise<KeptPage> {
    return (await this.#call({ type: 'kept', query })).page
  }

  async pending(query: PendingQuery): Promise<PendingPage> {
    return (await this.#call({ type: 'pending', query })).page
  }

  async retryNow(deliveryId: string): Promise<string | undefined> {
    return (await this.#call({ type: 'retryNow', deliveryId })).lane
  }

  async hurry(request: HurryRequest): Promise<number> {
    return (await this.#call({ type: 'hurry', request })).hurried
  }

  readonly handover: Handover = {
    list: async (limit) => (await this.#call({ type: 'listHandover', limit })).events,
    takeOver: async (handed) => {
      this.#deps.quotas.look(handed.event.owner.namespace)
      return (await this.#call({ type: 'takeOver', handed })).result
    },
    release: async (ref) => {
      await this.#call({ type: 'release', ref })
    },
  }

  async stats(): Promise<InboxStats> {
    return (await this.#call({ type: 'stats' })).stats
  }

  async backlog(): Promise<SinkBacklog[]> {
    return (await this.#call({ type: 'backlog' })).sinks
  }

  async nextDueMs(): Promise<number | undefined> {
    return (await this.#call({ type: 'nextDue' })).atMs
  }

  /** Finishes what is under way and waiting, then closes the file. Idempotent. */
  async close(): Promise<void> {
    this.#cancelMaintenance()
    if (this.#ended !== undefined) return
    await new Promise<void>((resolve) => {
      this.#whenClosed = resolve
      this.#handOver.close()
    })
  }

  #item(add: (waiting: Waiting<ItemAnswer>) => void): Promise<ItemAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#isRefused(reject)) return
      add({ resolve, reject })
    })
  }

  #call<C extends Call>(call: C): Promise<ResultOf<C>> {
    return new Promise((resolve, reject) => {
      if (this.#isRefused(reject)) return
      const settle = (result: CallResult) => {
        if (isResultOf(call, result)) resolve(result)
        else reject(new Error(`inbox: "${call.type}" was answered as "${result.type}"`))
      }
      this.#handOver.call(call, { resolve: settle, reject })
    })
  }

  #isRefused(reject: (error: Error) => void): boolean {
    const error = this.#ended ?? (this.#whenClosed && new InboxUnavailableError('inbox: it is closing'))
    if (error === undefined) return false
    reject(error)
    return true
  }

  #receive(message: FromWorker): void {
    if (message.type === 'closed') return this.#end('it is closed')
    const batch = this.#handOver.answered()
    if (batch === undefined) return
    if (message.type === 'done') {
      const { results, claims, calls, report } = message
      this.#deps.instruments.note(report)
      if (batch.items.length > 0) this.#deps.instruments.committed(batch.items.length, report)
      this.#noteVolume(report.isVolumeFull)
      for (const [at, waiting] of batch.items.entries()) {
        waiting.resolve({ result: unpackResult(results[at]), claims: claims.get(at) ?? [] })
      }
      for (const [at, waiting] of batch.calls.entries()) {
        const result = calls[at]
        if (result !== undefined) waiting.resolve(result)
        if (result?.type === 'maintain') this.#noteLook(report)
      }
    } else if (message.type === 'failed') {
      this.#deps.instruments.failures.add()
      this.#deps.logger.error({ problem: message.problem, items: batch.items.length }, 'inbox.commit_failed')
      this.#noteVolume(message.isVolumeFull)
      // What only reads may fail for reasons of its own, such as damage in one place.
      if (batch.items.length > 0 || this.#admission.obstacle === 'WritesFail') this.#admission.block('WritesFail')
      const error = new InboxUnavailableError(`inbox: the batch could not be written: ${message.problem}`)
      for (const waiting of [...batch.items, ...batch.calls]) waiting.reject(error)
    }
    this.#handOver.goOn()
  }

  #noteVolume(isFull: boolean): void {
    if (isFull === this.#wasVolumeFull) return
    this.#wasVolumeFull = isFull
    if (isFull) this.#deps.logger.error({}, 'inbox.volume_full')
    else this.#deps.logger.info({}, 'inbox.volume_has_room')
  }

  /** After each look after things, which writes where writing has failed. */
  #noteLook({ hasRoom }: BatchReport): void {
    if (hasRoom) this.#admission.clear()
  }

  #end(why: string): void {
    if (this.#ended !== undefined) return
    this.#ended = new InboxUnavailableError(`inbox: ${why}`)
    this.#cancelMaintenance()
    for (const { items, calls } of this.#handOver.abandon()) {
      for (const { reject } of items) reject(this.#ended)
      for (const { reject } of calls) reject(this.#ended)
    }
    if (this.#whenClosed !== undefined) return this.#whenClosed()
    this.#deps.logger.error({ why }, 'inbox.ended')
    this.#deps.onEnded(why)
  }

  #planMaintenance(delayMs: number): () => void {
    return this.#deps.clock.after(delayMs, () => void this.#maintain())
  }

  async #maintain(): Promise<void> {
    let more = false
    this.#deps.quotas.lookAgain()
    try {
      const result = await this.#call({ type: 'maintain', writesFail: this.#admission.obstacle === 'WritesFail' })
      more = result.more
    } catch {
      // Logged and counted where the batch failed; the next round tries again.
    }
    if (this.#ended === undefined && this.#whenClosed === undefined) {
      this.#cancelMaintenance = this.#planMaintenance(more ? maintenancePauseMs : maintenanceIntervalMs)
    }
  }
}

/**
 * A view of its body would keep the bodies of all others that were claimed with it in memory, for as long as its
 * attempt takes.
 */
function withOwnBody(event: NewEvent): NewEvent {
  return { ...event, body: Buffer.from(event.body) }
}
