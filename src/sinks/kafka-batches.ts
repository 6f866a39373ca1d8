import { bytesOf, type KafkaRecord } from './kafka-record.ts'
import type { SendOutcome } from './port.ts'

/** Stores records of one topic, all in one request. Never rejects. */
type SendBatch = (records: readonly KafkaRecord[]) => Promise<SendOutcome>

interface Waiting {
  readonly record: KafkaRecord
  readonly settle: (outcome: SendOutcome) => void
}

/** Half of what a broker takes by default. */
const maxBatchBytes = 512 * 1024
const maxBatchRecords = 256

/**
 * Collects what waits for one topic while a batch of it is under way. Topics do not wait for each other, so that one
 * that nobody may write to, or whose copies are away, delays no sink but its own.
 */
export class KafkaBatches {
  readonly #send: SendBatch
  /** By topic; there is an entry while a batch is under way. */
  readonly #waiting = new Map<string, Waiting[]>()

  constructor(send: SendBatch) {
    this.#send = send
  }

  /** `giveUp` takes a record back that is not under way yet; it is not settled then. */
  add(record: KafkaRecord): { outcome: Promise<SendOutcome>; giveUp: () => void } {
    const { promise: outcome, resolve: settle } = Promise.withResolvers<SendOutcome>()
    const entry = { record, settle }
    const { topic } = record
    const others = this.#waiting.get(topic)
    if (others === undefined) {
      const waiting = [entry]
      this.#waiting.set(topic, waiting)
      void this.#sendAll(topic, waiting)
    } else {
      others.push(entry)
    }
    return { outcome, giveUp: () => this.#remove(topic, entry) }
  }

  async #sendAll(topic: string, waiting: Waiting[]): Promise<void> {
    while (waiting.length > 0) await this.#sendBatch(waiting.splice(0, batchLengthOf(waiting)))
    this.#waiting.delete(topic)
  }

  /** A refusal of the events themselves is meant for one of them, which is looked for. */
  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    const outcome = await this.#send(batch.map(({ record }) => record))
    if (outcome.type === 'permanent' && batch.length > 1) {
      const middle = Math.ceil(batch.length / 2)
      await this.#sendBatch(batch.slice(0, middle))
      await this.#sendBatch(batch.slice(middle))
      return
    }
    for (const { settle } of batch) settle(outcome)
  }

  #remove(topic: string, entry: Waiting): void {
    const waiting = this.#waiting.get(topic)
    const index = waiting?.indexOf(entry) ?? -1
    if (index >= 0) waiting?.splice(index, 1)
  }
}

/** How many of them fit into one batch: one at least, and no more than a broker takes. */
function batchLengthOf(waiting: readonly Waiting[]): number {
  let bytes = 0
  let length = 0
  for (const { record } of waiting) {
    bytes += bytesOf(record)
    if (length > 0 && (bytes > maxBatchBytes || length === maxBatchRecords)) break
    length += 1
  }
  return length
}
