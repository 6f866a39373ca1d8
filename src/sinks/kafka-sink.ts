import type { Clock } from '../clock.ts'
import type { KafkaAccess } from '../kafka/kafka-access.ts'
import type { Logger } from '../observability/logger.ts'
import { untilAborted } from '../until-aborted.ts'
import { KafkaBatches } from './kafka-batches.ts'
import { KafkaProducers } from './kafka-producers.ts'
import { buildRecord, type KafkaRecord } from './kafka-record.ts'
import { unsendable, type OutgoingDelivery, type SendOutcome, type Sink } from './port.ts'
import type { ParseEnvelope } from './remember-envelopes.ts'

export interface KafkaSinkOptions {
  /** Absent: this installation has no Kafka brokers for sinks, and deliveries wait. */
  access?: KafkaAccess
  parseEnvelope: ParseEnvelope
  clock: Clock
  logger: Logger
}

/**
 * Stores events in topics of Kafka, by the CloudEvents binding 1.0: attributes in headers or one JSON object, as the
 * format says. An event counts as delivered when all copies that the topic demands have it. A repetition within one
 * attempt is folded by the broker; one of a later attempt is stored once more, with the same id.
 */
export function createKafkaSink({ access, parseEnvelope, clock, logger }: KafkaSinkOptions): Sink {
  const producers = access && new KafkaProducers({ access, clock, logger })
  const batches = producers && new KafkaBatches((records) => producers.send(records))
  return {
    async send(delivery, signal) {
      const { destination } = delivery.sink
      if (destination.type !== 'kafka') return { type: 'permanent', cause: unsendable }
      if (batches === undefined) return retryable('notConfigured')
      const record = buildRecord(delivery, destination, { parseEnvelope, nowMs: clock.now() })
      return 'type' in record ? record : store(record, { delivery, signal, batches, clock })
    },
    close: async () => producers?.close(),
  }
}

interface Attempt {
  readonly delivery: OutgoingDelivery
  readonly signal: AbortSignal
  readonly batches: KafkaBatches
  readonly clock: Clock
}

/** The outcome of the batch that the record went with, or that of our own patience. */
async function store(record: KafkaRecord, { delivery, signal, batches, clock }: Attempt): Promise<SendOutcome> {
  const { outcome, giveUp } = batches.add(record)
  const { promise: late, resolve } = Promise.withResolvers<SendOutcome>()
  const cancelTimeout = clock.after(delivery.sink.delivery.timeoutMs, () => resolve(retryable('timeout')))
  const ended = untilAborted(Promise.race([outcome, late]), signal).catch(() => retryable('cancelled'))
  return ended.finally(() => {
    cancelTimeout()
    giveUp()
  })
}

function retryable(cause: string): SendOutcome {
  return { type: 'retryable', cause }
}
