import {
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type StoredMsg,
  type StreamConfig,
} from '@nats-io/jetstream'
import { Empty, headers } from '@nats-io/transport-node'

import { InboxUnavailableError } from '../port.ts'
import { readRecord, recordHeader, writeRecord, type InboxRecord } from './records.ts'

/** Longest wait for the server's answer to one call. */
const callTimeoutMs = 5_000

/** The server's own error codes. */
const wrongLastSequence: ReadonlySet<number> = new Set([10_071, 10_164])
const storeFull: ReadonlySet<number> = new Set([10_077, 10_047, 10_023])
const streamNotFound = 10_059
const messageNotFound: ReadonlySet<number> = new Set([10_037, 10_043])

export type PutResult = { type: 'stored'; seq: number } | { type: 'conflict' } | { type: 'full' }

export interface Put {
  subject: string
  record: InboxRecord
  body?: Uint8Array
  /**
   * The sequence of the subject's last message as the caller knows it, 0 for none: the write succeeds only if that is
   * still true.
   */
  expectSeq: number
  /** The server forgets the message by itself after this long. */
  keepMs?: number
}

export interface StoredRecord {
  seq: number
  record: InboxRecord
  body: Uint8Array
}

export interface StreamState {
  config: StreamConfig
  bytes: number
  lastSeq: number
  /** Changes when the stream was deleted and made again. */
  created: string
}

/**
 * The calls to the server. A write is a compare-and-set on one subject: that is all the agreement that several
 * receivers need.
 */
export class StreamStore {
  readonly #stream: string
  readonly #client: JetStreamClient
  readonly #manager: JetStreamManager
  #isConnected = true
  /** Of the calls that wait for an answer. */
  readonly #giveUp = new Set<(error: Error) => void>()

  constructor(stream: string, client: JetStreamClient, manager: JetStreamManager) {
    this.#stream = stream
    this.#client = client
    this.#manager = manager
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /**
   * While there is no connection calls fail at once: what would wait for it is lost when it comes back, and nobody
   * needs to wait for the answers to it.
   */
  noteConnection(isConnected: boolean): void {
    this.#isConnected = isConnected
    if (isConnected) return
    for (const giveUp of this.#giveUp) giveUp(new Error('the connection was lost before the answer came'))
  }

  /** Durable when it resolves with `stored`. When it throws, the write may have happened all the same. */
  async put({ subject, record, body, expectSeq, keepMs }: Put): Promise<PutResult> {
    const written = headers()
    written.set(recordHeader, writeRecord(record))
    const ttl = keepMs === undefined ? {} : { ttl: `${Math.ceil(keepMs / 1000)}s` }
    try {
      const options = { headers: written, expect: { lastSubjectSequence: expectSeq }, timeout: callTimeoutMs, ...ttl }
      const { seq, stream } = await this.#answer(() => this.#client.publish(subject, body ?? Empty, options))
      // Looked at in the answer: as an expectation it would be stored with every message, and what is remembered of an
      // id is little more than this.
      if (stream !== this.#stream) throw new Error(`the subject belongs to the stream ${stream}`)
      return { type: 'stored', seq }
    } catch (error) {
      if (error instanceof JetStreamApiError && wrongLastSequence.has(error.code)) return { type: 'conflict' }
      if (error instanceof JetStreamApiError && storeFull.has(error.code)) return { type: 'full' }
      throw this.#unavailable('write', error)
    }
  }

  /**
   * The subject's last message, as the stream's leader knows it; undefined without one, or with one that is not ours.
   */
  async last(subject: string): Promise<StoredRecord | undefined> {
    try {
      return toRecord(
        await this.#answer(() => this.#manager.streams.getMessage(this.#stream, { last_by_subj: subject })),
      )
    } catch (error) {
      if (error instanceof JetStreamApiError && messageNotFound.has(error.code)) return undefined
      throw this.#unavailable('read', error)
    }
  }

  /** From any copy of the stream, which may lag: nothing found means nothing yet. */
  async get(seq: number): Promise<StoredRecord | undefined> {
    try {
      return toRecord(await this.#answer(() => this.#manager.direct.getMessage(this.#stream, { seq })))
    } catch (error) {
      throw this.#unavailable('read', error)
    }
  }

  /** Deleting what is gone succeeds. */
  async delete(seq: number): Promise<void> {
    try {
      await this.#answer(() => this.#manager.streams.deleteMessage(this.#stream, seq, false))
    } catch (error) {
      if (error instanceof JetStreamApiError && messageNotFound.has(error.code)) return
      throw this.#unavailable('delete', error)
    }
  }

  /** undefined: there is no stream. */
  async state(): Promise<StreamState | undefined> {
    try {
      const { state, created, config } = await this.#answer(() => this.#manager.streams.info(this.#stream))
      return { bytes: state.bytes, lastSeq: state.last_seq, created, config }
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === streamNotFound) return undefined
      throw this.#unavailable('look', error)
    }
  }

  async #answer<T>(call: () => Promise<T>): Promise<T> {
    if (!this.#isConnected) throw new Error('there is no connection to the server')
    const { promise: lost, reject } = Promise.withResolvers<never>()
    this.#giveUp.add(reject)
    try {
      return await Promise.race([call(), lost])
    } finally {
      this.#giveUp.delete(reject)
    }
  }

  #unavailable(what: string, error: unknown): InboxUnavailableError {
    const why = error instanceof Error ? error.message : String(error)
    return new InboxUnavailableError(`inbox: stream ${this.#stream}, ${what}: ${why}`, { cause: error })
  }
}

function toRecord(message: StoredMsg | null): StoredRecord | undefined {
  const read = message === null ? undefined : readRecord(message.header.get(recordHeader))
  if (message === null || read?.type !== 'read') return undefined
  return { seq: message.seq, record: read.record, body: message.data }
}
