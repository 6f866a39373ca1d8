import type { Clock } from '../clock.ts'
import type { KafkaAccess } from '../kafka/kafka-access.ts'
import { openProducer } from '../kafka/open-producer.ts'
import { partitionNumberOf } from '../kafka/partition-number-of.ts'
import type { Logger } from '../observability/logger.ts'
import { outcomeOfKafkaError } from './kafka-outcome.ts'
import type { KafkaRecord } from './kafka-record.ts'
import type { SendOutcome } from './port.ts'

type Producer = Awaited<ReturnType<typeof openProducer>>

interface ProducerDeps {
  readonly access: KafkaAccess
  readonly clock: Clock
  readonly logger: Logger
}

/** A send that has come to no end by then is given up, and its producer with it. */
const sendTimeoutMs = 20_000
/** Brokers close what is idle for ten minutes. */
const idleForMs = 5 * 60_000

interface Idle {
  readonly producer: Producer
  readonly cancelEnd: () => void
}

/**
 * Producers that are lent to one batch each: as many as batches are under way, and at rest the few that are left. Each
 * has its own connections to the brokers. One whose send failed is not used again, because it might be in any state.
 */
export class KafkaProducers {
  readonly #deps: ProducerDeps
  /** The one that was used last is the next one, so that the others can end. */
  readonly #idle: Idle[] = []
  readonly #open = new Set<Producer>()
  #isUp: boolean | undefined
  #isClosed = false

  constructor(deps: ProducerDeps) {
    this.#deps = deps
  }

  /** Stores records of one topic. Never rejects. */
  async send(records: readonly KafkaRecord[]): Promise<SendOutcome> {
    let producer: Producer | undefined
    try {
      producer = await this.#take()
      await this.#sendWith(producer, records)
      this.#note(true)
      this.#giveBack(producer)
      return { type: 'delivered' }
    } catch (error) {
      const { outcome, isRefusal } = outcomeOfKafkaError(error)
      this.#note(isRefusal, outcome)
      if (producer !== undefined) this.#end(producer)
      return outcome
    }
  }

  close(): void {
    this.#isClosed = true
    for (const { cancelEnd } of this.#idle.splice(0)) cancelEnd()
    for (const producer of this.#open) this.#end(producer)
  }

  async #sendWith(producer: Producer, records: readonly KafkaRecord[]): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const cancelTimeout = this.#deps.clock.after(sendTimeoutMs, () => reject(new TimeoutError()))
    // The leader of a topic that was remembered may be a broker that is gone, which the client cannot bear.
    producer.clearMetadata()
    await Promise.race([producer.send({ messages: records.map(messageOf) }), late]).finally(cancelTimeout)
  }

  async #take(): Promise<Producer> {
    const idle = this.#idle.pop()
    idle?.cancelEnd()
    const producer = idle?.producer ?? (await openProducer(this.#deps.access))
    this.#open.add(producer)
    return producer
  }

  #giveBack(producer: Producer): void {
    if (this.#isClosed) return this.#end(producer)
    const idle = { producer, cancelEnd: this.#deps.clock.after(idleForMs, () => this.#endIdle(idle)) }
    this.#idle.push(idle)
  }

  #endIdle(idle: Idle): void {
    this.#idle.splice(this.#idle.indexOf(idle), 1)
    this.#end(idle.producer)
  }

  /** What is under way with it fails. */
  #end(producer: Producer): void {
    this.#open.delete(producer)
    producer.close(true).catch(() => {}) // there is nothing to close that is not closed
  }

  #note(isUp: boolean, outcome?: SendOutcome): void {
    if (this.#isUp === isUp) return
    this.#isUp = isUp
    const { access, logger } = this.#deps
    const { brokers } = access
    if (isUp) return logger.info({ brokers }, 'kafka_sink.connected')
    const why = outcome === undefined || !('cause' in outcome) ? outcome?.type : outcome.cause
    logger.warn({ brokers, why }, 'kafka_sink.unreachable')
  }
}

class TimeoutError extends Error {}

/**
 * Events with one key go where the clients of Kafka itself put them, so that consumers may join the topic with others.
 */
function messageOf({ topic, key, headers, value }: KafkaRecord): Parameters<Producer['send']>[0]['messages'][number] {
  const message = { topic, value, headers: new Map(headers) }
  return key === undefined ? message : { ...message, key, partition: partitionNumberOf(key) }
}
