import type { Agent, Dispatcher } from 'undici'

import type { Clock } from '../clock.ts'
import type { EventEnvelope } from '../gemini/event.ts'
import type { AddressRules } from './address-guard.ts'
import { AgentPool } from './agent-pool.ts'
import { outcomeOfAnswer } from './answer-outcome.ts'
import { buildRequest, type BuiltRequest, type RequestContext } from './build-request.ts'
import { failureCauseOf, isRequestFault } from './failure-cause.ts'
import type { LookupAll } from './guarded-connector.ts'
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
  readonly #agents: AgentPool

  constructor(options: HttpSinkOptions) {
    this.#options = options
    this.#agents = new AgentPool(options)
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
    const { cert, key } = delivery.sink.clientCertificate ?? {}
    try {
      return await this.#exchange(
        this.#agents.get(destination.reach, { ca: destination.ca, cert, key }),
        { method: 'POST', origin, path, headers, body },
        { timeoutMs: delivery.sink.delivery.timeoutMs, signal },
      )
    } catch (error) {
      return isRequestFault(error)
        ? { type: 'permanent', cause: unsendable }
        : { type: 'retryable', cause: failureCauseOf(error) }
    }
  }

  close(): Promise<void> {
    return this.#agents.destroy()
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
