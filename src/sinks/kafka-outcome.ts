import { failureCauseOf } from './failure-cause.ts'
import type { SendOutcome } from './port.ts'

/**
 * What an error of the Kafka client means for the events that were sent. Read by its codes alone: its texts name
 * brokers and topics. `isRefusal`: the cluster took our login and answered.
 */
export function outcomeOfKafkaError(error: unknown): { outcome: SendOutcome; isRefusal: boolean } {
  const errors = errorsIn(error)
  const codes = new Set(errors.flatMap(codesOf))
  if (loginFailures.some((code) => codes.has(code))) return { outcome: unauthorized, isRefusal: false }
  const refusal = refusals.find(([code]) => codes.has(code))?.[1]
  if (refusal !== undefined) return { outcome: refusal, isRefusal: true }
  if (codes.has('PLT_KFK_PROTOCOL')) return { outcome: retryable('refusedByBroker'), isRefusal: true }
  const cause = errors.map(failureCauseOf).find((word) => word !== 'connection')
  // The client gives it the code of all that goes wrong on the way.
  const otherwise = errors.some(({ constructor }) => constructor.name === 'TimeoutError') ? 'timeout' : 'connection'
  return { outcome: retryable(cause ?? otherwise), isRefusal: false }
}

function retryable(cause: string): SendOutcome {
  return { type: 'retryable', cause }
}

const tooLarge: SendOutcome = { type: 'permanent', cause: 'tooLarge' }
const unauthorized: SendOutcome = { type: 'unauthorized' }

const loginFailures = ['SASL_AUTHENTICATION_FAILED', 'UNSUPPORTED_SASL_MECHANISM', 'PLT_KFK_AUTHENTICATION']

/** What brokers answer; of several, the first in this list counts. */
const refusals: readonly (readonly [code: string, outcome: SendOutcome])[] = [
  ['TOPIC_AUTHORIZATION_FAILED', unauthorized],
  ['CLUSTER_AUTHORIZATION_FAILED', unauthorized],
  ['MESSAGE_TOO_LARGE', tooLarge],
  ['RECORD_LIST_TOO_LARGE', tooLarge],
  // By a rule of the topic, such as that records of a compacted one have a key.
  ['INVALID_RECORD', { type: 'permanent', cause: 'refused' }],
  ['INVALID_TOPIC_EXCEPTION', retryable('forbiddenTopic')],
  ['UNKNOWN_TOPIC_OR_PARTITION', retryable('unknownTopic')],
  // What the client makes of it when it asks for a topic that does not exist; we make no other mistakes of a user.
  ['PLT_KFK_USER', retryable('unknownTopic')],
]

/** Errors may be wrapped some levels deep, and several at a time. */
const maxErrors = 64

function errorsIn(error: unknown): Error[] {
  const found: Error[] = []
  const open: unknown[] = [error]
  while (open.length > 0 && found.length < maxErrors) {
    const next = open.shift()
    if (!(next instanceof Error)) continue
    found.push(next)
    open.push(next.cause, ...(next instanceof AggregateError ? (next.errors as unknown[]) : []))
  }
  return found
}

function codesOf(error: Error): string[] {
  const values: unknown[] = ['code', 'apiId'].map((key) => Object.getOwnPropertyDescriptor(error, key)?.value)
  return values.filter((value) => typeof value === 'string')
}
