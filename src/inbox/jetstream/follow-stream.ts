import {
  DeliverPolicy,
  type Consumer,
  type ConsumerMessages,
  type JetStreamClient,
  type JsMsg,
} from '@nats-io/jetstream'

import { sleep } from '../../clock.ts'
import { InboxUnavailableError } from '../port.ts'
import type { DeletionQueue } from './deletion-queue.ts'
import { headStartMs } from './delivery-state.ts'
import { readRecord, recordHeader, type InboxRecord } from './records.ts'
import type { SharedDeps } from './shared-deps.ts'

/** Messages asked for in advance: enough to load a large stream at the speed of the network. */
const pullAhead = 2_000
const afterFailureMs = 500
const loadCheckMs = 1_000

interface FollowerOptions {
  stream: string
  client: JetStreamClient
  deletions: DeletionQueue
  /** Called when other receivers left something that this one may claim by now; at most once in a head start. */
  onOthersWork: () => void
  /**
   * Called with the event's key when another receiver, or a former life of this one, ended a delivery: it may have been
   * the last.
   */
  onDeliveryEnded: (key: string) => void
  /** Called when the stream holds what only a newer version of this program can read. */
  onNewer: () => void
}

/**
 * Keeps the ledger up to date: reads the last message of every subject once, then whatever is added, headers only. One
 * ordered consumer, made again by the client or by us whenever it ends, from where it stood: as a subject's last
 * message says everything, nothing that was missed in between matters.
 */
export class StreamFollower {
  readonly #deps: SharedDeps
  readonly #options: FollowerOptions
  readonly #stopping = new AbortController()
  readonly #loaded = Promise.withResolvers<void>()
  /** Events that are not ours to read: what belongs to them is left alone. */
  readonly #unreadable = new Set<string>()
  #messages: ConsumerMessages | undefined
  #isCallPlanned = false
  #running: Promise<void> | undefined

  constructor(deps: SharedDeps, options: FollowerOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Resolves when everything that is in the stream now has been read; rejects when it is stopped before. */
  start(): Promise<void> {
    this.#loaded.promise.catch(() => {}) // whoever starts it may have been told already
    this.#running = this.#run()
    return this.#loaded.promise
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#loaded.reject(new InboxUnavailableError('inbox: it was stopped while it was read for the first time'))
    await this.#messages?.close()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.#follow()
      } catch (error) {
        if (signal.aborted) return
        this.#deps.logger.warn({ error, readUpTo: this.#deps.ledger.position }, 'inbox.follow_interrupted')
        await sleep(this.#deps.clock, afterFailureMs, signal)
      }
    }
  }

  async #follow(): Promise<void> {
    const { ledger, subjects } = this.#deps
    const from = ledger.isLoaded
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: ledger.position + 1 }
      : { deliver_policy: DeliverPolicy.LastPerSubject }
    const { client, stream } = this.#options
    const consumer = await client.consumers.get(stream, { filter_subjects: subjects.all, headers_only: true, ...from })
    const messages = await consumer.consume({ max_messages: pullAhead })
    this.#messages = messages
    if (this.#stopping.signal.aborted) return messages.stop()
    const stopChecking = this.#checkLoaded(consumer)
    try {
      for await (const message of messages) this.#take(message)
    } finally {
      stopChecking()
    }
  }

  /**
   * The last messages of a load can be deleted before they are read: asked beside the reading, so that it ends all the
   * same.
   */
  #checkLoaded(consumer: Consumer): () => void {
    const { clock, ledger } = this.#deps
    let cancel: (() => void) | undefined
    const check = async () => {
      const isDone = await consumer.info().then(
        ({ num_pending: pending, delivered }) =>
          // What was sent to us may still be on its way.
          pending === 0 && (delivered.consumer_seq === 0 || ledger.position >= delivered.stream_seq),
        () => false,
      )
      if (isDone) this.#noteLoaded()
      else if (!this.#stopping.signal.aborted) cancel = clock.after(loadCheckMs, () => void check())
    }
    if (!ledger.isLoaded) void check()
    return () => cancel?.()
  }

  #noteLoaded(): void {
    this.#deps.ledger.isLoaded = true
    this.#loaded.resolve()
  }

  #take(message: JsMsg): void {
    this.#apply(message)
    this.#deps.ledger.noteRead(message.seq)
    if (!this.#deps.ledger.isLoaded && message.info.pending === 0) this.#noteLoaded()
  }

  #noteWork(record: InboxRecord): void {
    const { ledger, identity, clock } = this.#deps
    const isWork = record.kind === 'event' || (record.kind === 'delivery' && record.state === 'waiting')
    if (!isWork || !ledger.isLoaded || record.home === identity.home || this.#isCallPlanned) return
    this.#isCallPlanned = true
    clock.after(headStartMs, () => {
      this.#isCallPlanned = false
      if (!this.#stopping.signal.aborted) this.#options.onOthersWork()
    })
  }

  #apply(message: JsMsg): void {
    const { ledger, subjects, clock, instruments, logger } = this.#deps
    const subject = subjects.parse(message.subject)
    const read = readRecord(message.headers?.get(recordHeader) ?? '')
    if (read.type === 'newer') return this.#options.onNewer()
    const record = read.type === 'read' ? read.record : undefined
    if (record !== undefined) this.#noteWork(record)
    if (subject.kind === 'event' && record?.kind === 'event') {
      return ledger.open(subject.key, { seq: message.seq, record, nowMs: clock.now() })
    }
    if (subject.kind === 'event' && record?.kind === 'closed') {
      const { forgetAtMs } = record
      return ledger.close(subject.key, { seq: message.seq, forgetAtMs, nowMs: clock.now(), from: 'stream' })
    }
    if (subject.kind === 'delivery' && record?.kind === 'delivery') {
      const result = ledger.update(subject.key, subject.sinkToken, message.seq, record, clock.now())
      if (result === 'taken' && record.state === 'ended') this.#options.onDeliveryEnded(subject.key)
      if (result === 'orphan' && !this.#unreadable.has(subject.key)) this.#options.deletions.add([message.seq])
      return
    }
    if (subject.kind === 'event') this.#unreadable.add(subject.key)
    instruments.unreadable.add()
    logger.error({ sequence: message.seq }, 'inbox.record_unreadable')
  }
}
