import { Agent, type Dispatcher } from 'undici'

import type { Clock } from '../clock.ts'
import type { EventEnvelope } from '../gemini/event.ts'
import type { AddressRules, Reach } from './address-guard.ts'
import { outcomeOfAnswer } from './answer-outcome.ts'
import { buildRequest, type BuiltRequest, type RequestContext } from './build-request.ts'
import { failureCauseOf, isRequestFault } from './failure-cause.ts'
import { createGuardedConnector, lookupAll, type LookupAll } from './guarded-connector.ts'
import { parseTarget } from './parse-target.ts'
import { unsendable, type OutgoingDelivery, type SendOutcome, type Sink } from './port.ts'

export interface HttpSinkOptions {
  /** Must not throw. */
  parseEnvelope: (body: Uint8Array) => EventEnvelope
  clock: Clock
  addressRules: AddressRules
  /** Absent: the system's resolver. */
  lookup?: LookupAll
}

/** One destination must not use up the sockets of the process; requests beyond wait for a connection, within their own timeout. */
const maxConnectionsPerOrigin = 128
/** Shorter than the five seconds after which Node's own servers close: reusing a connection that is being closed costs an attempt. */
const idleConnectionMs = 4_000
/** Of a sink's answer; beyond it the connection is closed. None of it is used. */
const maxAnswerBytes = 64 * 1024

/**
 * Sends events by HTTP POST. Redirects are not followed, proxy variables not looked at, and no connection is made to an address that the rules forbid.
 * The timeout is of the whole attempt: name, connection, request and answer.
 */
export function createHttpSink(options: HttpSinkOptions): Sink {
  return new HttpSink(options)
}

class HttpSink implements Sink {
  readonly #options: HttpSinkOptions
  /** Apart from each other: a connection that was made for a Service must not serve a URI. */
  readonly #agents: Record<Reach, Agent>

  constructor(options: HttpSinkOptions) {
    this.#options = options
    this.#agents = { cluster: createAgent('cluster', options), public: createAgent('public', options) }
  }

  async send(delivery: OutgoingDelivery, signal: AbortSignal): Promise<SendOutcome> {
    const { parseEnvelope, clock, addressRules } = this.#options
    const { destination } = delivery.sink
    if (destination.type !== 'http') return { type: 'permanent', cause: unsendable }
    const target = parseTarget(destination.url, destination.reach, addressRules)
    if (!target.ok) return { type: 'retryable', cause: target.cause }
    const request = buildOrNothing(delivery, { parseEnvelope, nowMs: clock.now() })
    if (request === undefined) return { type: 'permanent', cause: unsendable }
    if (!request.built) return { type: 'retryable', cause: request.cause }
    const { headers, body } = request
    const { origin, path } = target
    try {
      return await this.#exchange(
        this.#agents[destination.reach],
        { method: 'POST', origin, path, headers, body },
        { timeoutMs: delivery.sink.delivery.timeoutMs, signal },
      )
    } catch (error) {
      return isRequestFault(error)
        ? { type: 'permanent', cause: unsendable }
        : { type: 'retryable', cause: failureCauseOf(error) }
    }
  }

  /** Connections under way are cut off: whoever closes has waited for the attempts before. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#agents).map((agent) => agent.destroy()))
  }

  async #exchange(
    agent: Agent,
    request: Dispatcher.RequestOptions,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<SendOutcome> {
    const { clock } = this.#options
    // One controller for both ends: a signal made of others would hang on the process's own for as long as that lives.
    const end = new AbortController()
    const onCancel = () => end.abort('cancelled')
    const cancelTimeout = clock.after(timeoutMs, () => end.abort('timeout'))
    signal.addEventListener('abort', onCancel, { once: true })
    if (signal.aborted) onCancel()
    try {
      const answer = await agent.request({ ...request, signal: end.signal })
      const outcome = outcomeOfAnswer(answer.statusCode, oneOf(answer.headers['retry-after']), clock.now())
      // The status has decided; a body that never ends cannot take the event back.
      await answer.body.dump({ limit: maxAnswerBytes, signal: end.signal }).catch(() => {})
      return outcome
    } catch (error) {
      if (!end.signal.aborted) throw error
      return { type: 'retryable', cause: end.signal.reason === 'timeout' ? 'timeout' : 'cancelled' }
    } finally {
      cancelTimeout()
      signal.removeEventListener('abort', onCancel)
    }
  }
}

/** undefined: no request can be made of this event, now or later. */
function buildOrNothing(delivery: OutgoingDelivery, context: RequestContext): BuiltRequest | undefined {
  try {
    return buildRequest(delivery, context)
  } catch {
    return undefined
  }
}

function oneOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** One pool for each origin; a pool without connections is dropped. Timeouts are ours, so that one clock rules them all. */
function createAgent(reach: Reach, { addressRules, lookup = lookupAll }: HttpSinkOptions): Agent {
  return new Agent({
    connections: maxConnectionsPerOrigin,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: idleConnectionMs,
    keepAliveMaxTimeout: idleConnectionMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: createGuardedConnector({ reach, rules: addressRules, lookup, connectTimeoutMs: 10_000 }),
  })
}
