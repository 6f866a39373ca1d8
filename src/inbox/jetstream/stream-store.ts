import { JetStreamApiError, type JetStreamManager, type StoredMsg, type StreamConfig } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'

import type { Clock } from '../../clock.ts'
import { Publisher, type Put, type PutResult } from './publisher.ts'
import { readRecord, recordHeader, type InboxRecord } from './records.ts'
import { ServerCalls } from './server-calls.ts'
import { WriteLines } from './write-lines.ts'

/** The server's own error codes. */
const streamNotFound = 10_059
const messageNotFound: ReadonlySet<number> = new Set([10_037, 10_043])

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

interface StreamStoreDeps {
  readonly stream: string
  readonly connection: NatsConnection
  readonly manager: JetStreamManager
  readonly clock: Clock
  /** How long writes may wait for others where many come, milliseconds. */
  readonly gatherMs: number
}

/**
 * The calls to the server. A write is a compare-and-set on one subject: that is all the agreement that several
 * receivers need.
 */
export class StreamStore {
  readonly #stream: string
  readonly #manager: JetStreamManager
  readonly #calls: ServerCalls
  readonly #writes: WriteLines

  constructor({ stream, connection, manager, clock, gatherMs }: StreamStoreDeps) {
    this.#stream = stream
    this.#manager = manager
    this.#calls = new ServerCalls(stream)
    const publisher = new Publisher({ stream, connection, client: manager.jetstream(), calls: this.#calls })
    this.#writes = new WriteLines({ publisher, clock, gatherMs })
  }

  get isConnected(): boolean {
    return this.#calls.isConnected
  }

  noteConnection(isConnected: boolean): void {
    this.#calls.noteConnection(isConnected)
  }

  /** Durable when it resolves with `stored`. When it throws, the write may have happened all the same. */
  put(put: Put): Promise<PutResult> {
    return this.#writes.put(put)
  }

  /**
   * The subject's last message, as the stream's leader knows it; undefined without one, or with one that is not ours.
   */
  async last(subject: string): Promise<StoredRecord | undefined> {
    try {
      return toRecord(
        await this.#calls.answer(() => this.#manager.streams.getMessage(this.#stream, { last_by_subj: subject })),
      )
    } catch (error) {
      if (error instanceof JetStreamApiError && messageNotFound.has(error.code)) return undefined
      throw this.#calls.unavailable('read', error)
    }
  }

  /** From any copy of the stream, which may lag: nothing found means nothing yet. */
  async get(seq: number): Promise<StoredRecord | undefined> {
    try {
      return toRecord(await this.#calls.answer(() => this.#manager.direct.getMessage(this.#stream, { seq })))
    } catch (error) {
      throw this.#calls.unavailable('read', error)
    }
  }

  /** Deleting what is gone succeeds. */
  async delete(seq: number): Promise<void> {
    try {
      await this.#calls.answer(() => this.#manager.streams.deleteMessage(this.#stream, seq, false))
    } catch (error) {
      if (error instanceof JetStreamApiError && messageNotFound.has(error.code)) return
      throw this.#calls.unavailable('delete', error)
    }
  }

  /** undefined: there is no stream. What it says of the stream decides how writes travel from then on. */
  async state(): Promise<StreamState | undefined> {
    try {
      const { state, created, config } = await this.#calls.answer(() => this.#manager.streams.info(this.#stream))
      this.#writes.takesBatches = config.allow_atomic === true
      return { bytes: state.bytes, lastSeq: state.last_seq, created, config }
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === streamNotFound) return undefined
      throw this.#calls.unavailable('look', error)
    }
  }
}

function toRecord(message: StoredMsg | null): StoredRecord | undefined {
  const read = message === null ? undefined : readRecord(message.header.get(recordHeader))
  if (message === null || read?.type !== 'read') return undefined
  return { seq: message.seq, record: read.record, body: message.data }
}
