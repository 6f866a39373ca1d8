import {
  headers as createHeaders,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node'

import type { Clock } from '../clock.ts'
import type { NatsAccess } from '../nats/connect-to-nats.ts'
import type { Logger } from '../observability/logger.ts'
import { buildRequest, type BuiltRequest } from './build-request.ts'
import { eventTypeOf } from './event-attributes.ts'
import { NatsSinkConnection } from './nats-connection.ts'
import { fillSubject, isBelow } from './nats-subject.ts'
import { unsendable, type OutgoingDelivery, type SendOutcome, type Sink } from './port.ts'
import type { ParseEnvelope } from './remember-envelopes.ts'
import { untilAborted } from '../until-aborted.ts'

export interface NatsSinkOptions {
  /** Absent: this installation has no NATS servers for sinks, and deliveries wait. */
  access?: NatsAccess
  /** Subjects that belong to the installation itself, such as those of its inbox: nothing is published there. */
  reservedPrefixes: readonly string[]
  parseEnvelope: ParseEnvelope
  clock: Clock
  logger: Logger
}

/**
 * Publishes events to NATS, by the CloudEvents binding 1.0: attributes in headers or one JSON object, as the format
 * says. Acknowledged by a stream, the message is stored there when it counts as delivered, and repetitions carry the
 * same `Nats-Msg-Id`; acknowledged by the server, it has reached the clients that subscribe at that moment, perhaps
 * none.
 */
export function createNatsSink(options: NatsSinkOptions): Sink {
  const { access, logger } = options
  const connection = access && new NatsSinkConnection(access, logger)
  return {
    send: (delivery, signal) => send(delivery, signal, { ...options, connection }),
    close: async () => connection?.close(),
  }
}

type SendDeps = NatsSinkOptions & { connection: NatsSinkConnection | undefined }

async function send(delivery: OutgoingDelivery, signal: AbortSignal, deps: SendDeps): Promise<SendOutcome> {
  const { destination, delivery: policy } = delivery.sink
  if (destination.type !== 'nats') return { type: 'permanent', cause: unsendable }
  if (deps.connection === undefined) return retryable('notConfigured')
  const message = buildMessage(delivery, destination.subject, deps)
  if ('type' in message) return message
  const published = publish(message, deps.connection, {
    timeoutMs: policy.timeoutMs,
    byStream: destination.acknowledgedBy === 'Stream',
    clock: deps.clock,
  }).catch((error: unknown) => outcomeOfError(error))
  return untilAborted(published, signal).catch(() => retryable('cancelled'))
}

interface Message {
  readonly subject: string
  readonly headers: MsgHdrs
  readonly body: Uint8Array
  readonly bytes: number
}

function buildMessage(delivery: OutgoingDelivery, template: string, deps: SendDeps): Message | SendOutcome {
  const { parseEnvelope, clock, reservedPrefixes } = deps
  const { event } = delivery
  const envelope = parseEnvelope(event.body, event)
  const subject = fillSubject(template, event.owner, eventTypeOf(envelope))
  if (subject === undefined || reservedPrefixes.some((prefix) => isBelow(subject, prefix))) {
    return retryable('forbiddenSubject')
  }
  let request: BuiltRequest
  try {
    request = buildRequest(delivery, { parseEnvelope: () => envelope, nowMs: clock.now() })
    if (!request.built) return retryable(request.cause)
    const messageId = messageIdOf(delivery)
    const entries = Object.entries({ ...request.headers, ...(messageId !== undefined && { 'Nats-Msg-Id': messageId }) })
    const headers = createHeaders()
    let bytes = 'NATS/1.0\r\n\r\n'.length + request.body.length
    for (const [name, value] of entries) {
      if (name === 'user-agent') continue // of HTTP only
      headers.set(name, value)
      bytes += Buffer.byteLength(`${name}: ${value}\r\n`)
    }
    return { subject, headers, body: request.body, bytes }
  } catch {
    return { type: 'permanent', cause: unsendable } // a header that no message may carry
  }
}

/**
 * What a stream folds repetitions by. The id of an event alone would also fold what two sinks or two objects publish
 * into one stream. A replay is meant to be stored once more, so it has none.
 */
function messageIdOf({ event, sink, replayed, deadLetter }: OutgoingDelivery): string | undefined {
  if (replayed) return undefined
  const suffix = deadLetter === undefined ? '' : '/deadletter'
  return `${event.owner.uid}/${sink.name}/${event.eventId}${suffix}`
}

async function publish(
  message: Message,
  sinkConnection: NatsSinkConnection,
  { timeoutMs, byStream, clock }: { timeoutMs: number; byStream: boolean; clock: Clock },
): Promise<SendOutcome> {
  const connection = await sinkConnection.get()
  if (connection === undefined) return retryable('connection')
  if (message.bytes > (connection.info?.max_payload ?? Infinity)) return tooLarge
  return byStream
    ? askStream(message, connection, timeoutMs)
    : publishToServer(message, { connection, sinkConnection, timeoutMs, clock })
}

/** The request that a stream answers. Written out here: the library's own publish repeats on its own. */
async function askStream(
  { subject, body, headers }: Message,
  connection: NatsConnection,
  timeoutMs: number,
): Promise<SendOutcome> {
  return outcomeOfAck(await connection.request(subject, body, { headers, timeout: timeoutMs }))
}

const messageExceedsMaximum = 10054
const tooLarge: SendOutcome = { type: 'permanent', cause: 'tooLarge' }

/** `{stream, seq}` is stored; `{error}` is not; anything else is an answer that is not from a stream. */
function outcomeOfAck(answer: Msg): SendOutcome {
  const ack = parseAck(answer)
  if (typeof ack.stream === 'string' && ack.error === undefined) return { type: 'delivered' }
  if (ack.error === undefined) return retryable('noStream')
  return ack.error.err_code === messageExceedsMaximum ? tooLarge : retryable('refusedByStream')
}

/** A stream's answer has about a hundred bytes; other subscribers of the subject may answer as well, with anything. */
const maxAckBytes = 16 * 1024

function parseAck(answer: Msg): { stream?: unknown; error?: { err_code?: number } } {
  if (answer.data.length > maxAckBytes) return {}
  try {
    const ack: unknown = answer.json()
    return typeof ack === 'object' && ack !== null ? ack : {}
  } catch {
    return {}
  }
}

/** The server answers a flush after all that came before it; a refusal comes before that answer. */
async function publishToServer(
  { subject, body, headers }: Message,
  deps: { connection: NatsConnection; sinkConnection: NatsSinkConnection; timeoutMs: number; clock: Clock },
): Promise<SendOutcome> {
  const { connection, sinkConnection, timeoutMs, clock } = deps
  const refusedBefore = sinkConnection.lastRefusalOf(subject)
  connection.publish(subject, body, { headers })
  const { promise: late, resolve } = Promise.withResolvers<'late'>()
  const cancelTimeout = clock.after(timeoutMs, () => resolve('late'))
  const end = await Promise.race([connection.flush(), late]).finally(cancelTimeout)
  if (end === 'late') return retryable('timeout')
  await new Promise((resolve) => setImmediate(resolve)) // the refusal has arrived and is on its way through an iterator
  return sinkConnection.lastRefusalOf(subject) > refusedBefore ? retryable('notPermitted') : { type: 'delivered' }
}

function outcomeOfError(error: unknown): SendOutcome {
  if (error instanceof NoRespondersError) return retryable('noStream')
  if (error instanceof TimeoutError) return retryable('timeout')
  if (error instanceof PermissionViolationError) return retryable('notPermitted')
  if (error instanceof RequestError && error.cause !== undefined) return outcomeOfError(error.cause)
  return retryable('connection')
}

function retryable(cause: string): SendOutcome {
  return { type: 'retryable', cause }
}
