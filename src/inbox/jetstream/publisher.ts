import { randomBytes } from 'node:crypto'

import { JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream'
import { Empty, headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node'

import { recordHeader, writeRecord, type InboxRecord } from './records.ts'
import type { ServerCalls } from './server-calls.ts'

/** Longest wait for the server's answer to one write. */
const answerTimeoutMs = 5_000

/** The server's own error codes. */
const wrongLastSequence: ReadonlySet<number> = new Set([10_071, 10_164])
const storeFull: ReadonlySet<number> = new Set([10_077, 10_047, 10_023])

export type PutResult = { type: 'stored'; seq: number } | { type: 'conflict' } | { type: 'full' }

/** `refused`: none of them is stored. */
export type BatchResult = { type: 'stored'; firstSeq: number } | { type: 'refused' }

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
  /** Of all writes of one subject the same (write-lines.ts). */
  isForRoutes: boolean
}

export interface PublisherDeps {
  readonly stream: string
  readonly client: Pick<JetStreamClient, 'publish'>
  readonly connection: Pick<NatsConnection, 'publish'>
  readonly calls: ServerCalls
}

/** Sends writes to the server: one as a message of its own, or many as an atomic batch. */
export class Publisher {
  readonly #deps: PublisherDeps
  /** Tells the batches of this process from those of others that are under way in the same moment. */
  readonly #batchPrefix = randomBytes(3).toString('base64url')
  #batches = 0

  constructor(deps: PublisherDeps) {
    this.#deps = deps
  }

  /** Durable when it resolves with `stored`. When it throws, the write may have happened all the same. */
  async one(put: Put): Promise<PutResult> {
    try {
      return { type: 'stored', seq: (await this.#send(put, headersOf(put))).seq }
    } catch (error) {
      if (error instanceof JetStreamApiError && wrongLastSequence.has(error.code)) return { type: 'conflict' }
      if (error instanceof JetStreamApiError && storeFull.has(error.code)) return { type: 'full' }
      throw this.#deps.calls.unavailable('write', error)
    }
  }

  /**
   * All or none of them, on subjects that differ, in one round trip: only the last message asks for an answer. Durable
   * when it resolves with `stored`, in their order from `firstSeq`. When it throws, all of them may have happened all
   * the same.
   */
  async batch(puts: readonly Put[]): Promise<BatchResult> {
    const id = `${this.#batchPrefix}${(this.#batches++).toString(36)}`
    const messages = puts.map((put, at) => {
      const message = { put, headers: headersOf(put) }
      // Written by hand: the client's batches drop what its messages expect, and wait for a round trip more.
      message.headers.set('Nats-Batch-Id', id)
      message.headers.set('Nats-Batch-Sequence', String(at + 1))
      return message
    })
    const last = messages.pop()
    if (last === undefined) throw new TypeError('a batch has at least one message')
    last.headers.set('Nats-Batch-Commit', '1')
    try {
      const { seq, count } = await this.#send(last.put, last.headers, () => {
        for (const { put, headers } of messages) {
          this.#deps.connection.publish(put.subject, put.body ?? Empty, { headers })
        }
      })
      if (count !== puts.length) throw new Error('the server does not know of batches')
      return { type: 'stored', firstSeq: seq - puts.length + 1 }
    } catch (error) {
      if (error instanceof JetStreamApiError) return { type: 'refused' }
      throw this.#deps.calls.unavailable('write', error)
    }
  }

  async #send(
    { subject, body }: Put,
    headers: MsgHdrs,
    sendBefore = () => {},
  ): Promise<{ seq: number; count?: number }> {
    const { client, calls, stream: expected } = this.#deps
    const answer = await calls.answer(() => {
      sendBefore()
      return client.publish(subject, body ?? Empty, { headers, timeout: answerTimeoutMs })
    })
    // Looked at in the answer: as an expectation it would be stored with every message, and what is remembered of an id
    // is little more than this.
    if (answer.stream !== expected) throw new Error(`the subject belongs to the stream ${answer.stream}`)
    return answer
  }
}

function headersOf({ record, expectSeq, keepMs }: Put): MsgHdrs {
  const written = headers()
  written.set(recordHeader, writeRecord(record))
  written.set('Nats-Expected-Last-Subject-Sequence', String(expectSeq))
  if (keepMs !== undefined) written.set('Nats-TTL', `${Math.ceil(keepMs / 1000)}s`)
  return written
}
