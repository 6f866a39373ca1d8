import type { Dispatcher } from 'undici'

import { sleep, type Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import {
  badAnswerError,
  closedError,
  neverConnected,
  parseRetryAfterSeconds,
  refusedError,
  timeoutError,
  unreachableError,
} from './api-error.ts'
import { KubernetesApiError } from './client.ts'
import { Connections, type WireRequest } from './connections.ts'
import type { Credentials, CredentialSource } from './credentials.ts'
import type { FairPace } from './fair-pace.ts'
import { retryDelayMs, type AttemptFailure } from './retry-decision.ts'

/** One call to the API server, before it is known how many attempts it takes. */
export interface ApiCall {
  /** Metric label: get, list, watch, create, update, patch, delete. */
  verb: string
  /** Verb and target for messages, e.g. `get secrets ml/signing`. */
  description: string
  method: WireRequest['method']
  path: string
  accept: string
  body?: { contentType: string; value: unknown }
  timeoutMs?: number | undefined
  signal?: AbortSignal | undefined
  /**
   * Reads a 2xx answer; absent: as one JSON value. May run again after a connection that broke. A SyntaxError is a bad
   * answer, and final.
   */
  read?: ((body: AsyncIterable<Uint8Array>) => Promise<unknown>) | undefined
}

/** The namespace that a call is about; empty where it is about none. */
function namespaceIn(path: string): string {
  return /\/namespaces\/([^/?]+)/.exec(path)?.[1] ?? ''
}

interface RequesterOptions {
  credentials: CredentialSource
  userAgent: string
  pace: FairPace
  /** Bounds a call from being asked to being answered, waiting and retries included. */
  timeoutMs: number
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
}

/** Nothing happens at this pace; any long time does. */
const keepAliveIntervalMs = 60_000

type Attempt = { ok: true; value: unknown } | { ok: false; failure: AttemptFailure; error: KubernetesApiError }

/** Sends calls: paced, bounded in time, retried where that is safe, counted. Independent of objects and kinds. */
export class Requester {
  readonly #options: RequesterOptions
  readonly #connections = new Connections()
  readonly #instruments: ReturnType<typeof createInstruments>
  /** Ends one call or watch each. */
  readonly #open = new Set<() => void>()
  #closed = false
  serverClockSkewMs: number | undefined

  constructor(options: RequesterOptions) {
    this.#options = options
    this.#instruments = createInstruments(options.metrics)
  }

  /**
   * What `call.read` makes of a 2xx answer. Throws KubernetesApiError, or the reason of `call.signal` once that aborts.
   */
  async request(call: ApiCall): Promise<unknown> {
    const startedMs = this.#options.clock.monotonic()
    const bound = this.#bind(call)
    // The clock's timers do not keep the process alive; a call that pauses before its next attempt has nothing else
    // that does.
    const keepAlive = setInterval(() => {}, keepAliveIntervalMs)
    try {
      return await this.#attempts(call, bound.signal)
    } catch (error) {
      throw bound.explain(error)
    } finally {
      bound.release()
      clearInterval(keepAlive)
      const seconds = (this.#options.clock.monotonic() - startedMs) / 1000
      this.#instruments.seconds.observe(seconds, { verb: call.verb })
    }
  }

  /**
   * The body of an open watch; the timeout bounds the wait for its headers only. Neither paced nor retried, except once
   * with renewed credentials after a 401: the reflector retries.
   */
  async open(call: ApiCall): Promise<{ body: Dispatcher.ResponseData['body']; release: () => void }> {
    const bound = this.#bind(call)
    try {
      const credentials = await this.#options.credentials.current()
      let answer = await this.#send(call, credentials, bound.signal)
      if (answer.statusCode === 401) {
        await answer.body.dump()
        answer = await this.#send(call, await this.#options.credentials.renew(credentials), bound.signal)
      }
      this.#count(call, String(answer.statusCode))
      if (answer.statusCode !== 200) throw await this.#refusal(call, answer)
      bound.stopTimer()
      // A body that is destroyed half-read reports that as an error; that error is expected.
      answer.body.on('error', () => {})
      return { body: answer.body, release: bound.release }
    } catch (error) {
      bound.release()
      if (error instanceof KubernetesApiError) throw error
      this.#count(call, 'none')
      throw bound.explain(unreachableError(call.description, error))
    }
  }

  /** Ends every call and watch, also those that pause before another attempt. */
  close(): Promise<void> {
    this.#closed = true
    for (const end of this.#open) end()
    return this.#connections.close()
  }

  async #attempts(call: ApiCall, signal: AbortSignal): Promise<unknown> {
    let credentialsRenewed = false
    for (let attempt = 1; ; attempt += 1) {
      await this.#options.pace.take(namespaceIn(call.path), signal)
      const credentials = await this.#options.credentials.current()
      const outcome = await this.#attempt(call, credentials, signal)
      if (outcome.ok) return outcome.value
      signal.throwIfAborted()
      if (outcome.error.status === 401 && !credentialsRenewed) {
        // Refused before anything was done, so even a write may be repeated.
        credentialsRenewed = true
        await this.#options.credentials.renew(credentials)
        continue
      }
      const delayMs = retryDelayMs({ write: call.method !== 'GET', attempt }, outcome.failure, this.#options.random)
      if (delayMs === undefined) throw outcome.error
      this.#options.logger.debug(
        { call: call.description, attempt, error: outcome.error.message },
        'kubernetes.retried',
      )
      await sleep(this.#options.clock, delayMs, signal)
      signal.throwIfAborted()
    }
  }

  async #attempt(call: ApiCall, credentials: Credentials, signal: AbortSignal): Promise<Attempt> {
    try {
      const answer = await this.#send(call, credentials, signal)
      this.#count(call, String(answer.statusCode))
      if (answer.statusCode >= 200 && answer.statusCode < 300) {
        return { ok: true, value: await read(call, answer) }
      }
      const error = await this.#refusal(call, answer)
      const { status, retryAfterMs } = error
      return { ok: false, failure: { type: 'refused', status, retryAfterMs }, error }
    } catch (cause) {
      if (cause instanceof KubernetesApiError) throw cause
      this.#count(call, 'none')
      const failure: AttemptFailure = { type: 'broken', reached: !neverConnected(cause) }
      return { ok: false, failure, error: unreachableError(call.description, cause) }
    }
  }

  async #send(call: ApiCall, credentials: Credentials, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const request: WireRequest = {
      method: call.method,
      path: call.path,
      signal,
      headers: {
        accept: call.accept,
        'user-agent': this.#options.userAgent,
        ...(call.body !== undefined && { 'content-type': call.body.contentType }),
      },
      ...(call.body !== undefined && { body: JSON.stringify(call.body.value) }),
    }
    const answer = await (call.verb === 'watch'
      ? this.#connections.watch(credentials, request)
      : this.#connections.call(credentials, request))
    const dateMs = typeof answer.headers['date'] === 'string' ? Date.parse(answer.headers['date']) : Number.NaN
    // The header counts whole seconds, so the server's time is on average half a second past it.
    if (!Number.isNaN(dateMs)) this.serverClockSkewMs = dateMs + 500 - this.#options.clock.now()
    return answer
  }

  async #refusal(call: ApiCall, answer: Dispatcher.ResponseData): Promise<KubernetesApiError> {
    return refusedError({
      call: call.description,
      status: answer.statusCode,
      text: await answer.body.text(),
      retryAfterMs: parseRetryAfterSeconds(answer.headers['retry-after']),
    })
  }

  #count(call: ApiCall, code: string): void {
    this.#instruments.total.add(1, { verb: call.verb, code })
  }

  /** Ties the caller's signal and the timeout into one signal, and says afterwards which of them aborted it. */
  #bind(call: ApiCall) {
    const timeoutMs = call.timeoutMs ?? this.#options.timeoutMs
    const controller = new AbortController()
    // Made only when it is needed: an error records its stack, which would cost more than the rest of this function on
    // every call.
    const expire = () => controller.abort(timeoutError(call.description, timeoutMs))
    const stopTimer = this.#options.clock.after(timeoutMs, expire)
    const forward = () => controller.abort(call.signal?.reason)
    const end = () => controller.abort(closedError(call.description))
    this.#open.add(end)
    if (this.#closed) end()
    if (call.signal?.aborted === true) forward()
    call.signal?.addEventListener('abort', forward, { once: true })
    return {
      signal: controller.signal,
      stopTimer,
      explain: (error: unknown): unknown => (controller.signal.aborted ? controller.signal.reason : error),
      release: () => {
        stopTimer()
        this.#open.delete(end)
        call.signal?.removeEventListener('abort', forward)
      },
    }
  }
}

async function read(call: ApiCall, { body, statusCode }: Dispatcher.ResponseData): Promise<unknown> {
  try {
    return call.read === undefined ? JSON.parse(await body.text()) : await call.read(body)
  } catch (error) {
    throw error instanceof SyntaxError ? badAnswerError(call.description, statusCode) : error
  }
}

function createInstruments(metrics: Metrics) {
  return {
    total: metrics.counter({
      name: 'gwh_kubernetes_requests_total',
      help: 'Attempts at the Kubernetes API by status code; code "none" is no answer.',
      labels: ['verb', 'code'],
    }),
    seconds: metrics.histogram({
      name: 'gwh_kubernetes_request_seconds',
      help: 'How long calls to the Kubernetes API took, waiting and retries included; watches not counted.',
      labels: ['verb'],
      buckets: [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    }),
  }
}
