import { isIP } from 'node:net'

import type { Clock } from '../clock.ts'
import type { AddressRules } from './address-guard.ts'
import { AnswerCost, threadProcessorMs } from './answer-cost.ts'
import { AgentPool } from './agent-pool.ts'
import { outcomeOfAnswer } from './answer-outcome.ts'
import { buildRequest, type BuiltRequest, type RequestOptions } from './build-request.ts'
import { failureCauseOf } from './failure-cause.ts'
import type { LookupAll } from './guarded-lookup.ts'
import { CutOffError, post, type HttpAnswer, type HttpRequest } from './http-exchange.ts'
import { parseTarget } from './parse-target.ts'
import { unsendable, type OutgoingDelivery, type SendOutcome, type Sink } from './port.ts'
import type { ParseEnvelope } from './remember-envelopes.ts'

export interface HttpSinkOptions {
  parseEnvelope: ParseEnvelope
  clock: Clock
  addressRules: AddressRules
  /** Absent: the resolver of the process. */
  lookup?: LookupAll
  /** Of this thread, in milliseconds from an arbitrary start. Absent: as the machine measures it. */
  processorMs?: () => number
  /** Called with the processor time that the answers to each attempt took on the thread, and their namespace. */
  onProcessorTime?: (namespace: string, ms: number) => void
}

/**
 * Sends events by HTTP, by POST unless a transform says otherwise. Redirects are not followed, proxy variables not
 * looked at, and no connection is made to an address that the rules forbid. The timeout is of the whole attempt: name,
 * connection, request and answer.
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
    if (!target.ok) return { type: 'retryable', cause: target.problem }
    // Anything else would be looked up, and its addresses were not judged.
    if (isIP(destination.address ?? '0.0.0.0') === 0) return { type: 'retryable', cause: 'forbiddenAddress' }
    const request = buildOrNothing(delivery, { parseEnvelope, nowMs: clock.now() })
    if (request === undefined) return { type: 'permanent', cause: unsendable }
    if (!request.built) return { type: 'retryable', cause: request.cause }
    const { method, headers, body } = request
    const { cert, key } = delivery.sink.clientCertificate ?? {}
    const { processorMs = threadProcessorMs, onProcessorTime } = this.#options
    const cost = new AnswerCost(processorMs)
    const pool = this.#agents.get(delivery.event.owner.namespace, destination.reach, { ca: destination.ca, cert, key })
    const outcome = await exchange(
      { target: target.value, method, headers, body, connectTo: destination.address },
      { pool, clock, untilMs: clock.monotonic() + delivery.sink.delivery.timeoutMs, signal, cost },
    )
    onProcessorTime?.(delivery.event.owner.namespace, cost.spentMs)
    const { burden } = cost
    return burden === undefined ? outcome : { ...outcome, burden }
  }

  async close(): Promise<void> {
    this.#agents.destroy()
  }
}

async function exchange(request: HttpRequest, deps: Parameters<typeof post>[1]): Promise<SendOutcome> {
  try {
    const answer = postOrNothing(request, deps)
    if (answer === undefined) return { type: 'permanent', cause: unsendable }
    const { status, retryAfter } = await answer
    return outcomeOfAnswer(status, retryAfter, deps.clock.now())
  } catch (error) {
    return { type: 'retryable', cause: error instanceof CutOffError ? error.why : failureCauseOf(error) }
  }
}

/** undefined: such a request cannot be made, now or later. */
function postOrNothing(request: HttpRequest, deps: Parameters<typeof post>[1]): Promise<HttpAnswer> | undefined {
  try {
    return post(request, deps)
  } catch {
    return undefined
  }
}

/** undefined: no request can be made of this event, now or later. */
function buildOrNothing(delivery: OutgoingDelivery, options: RequestOptions): BuiltRequest | undefined {
  try {
    return buildRequest(delivery, options)
  } catch {
    return undefined
  }
}
