import type { Clock } from '../clock.ts'
import { untilAborted } from '../until-aborted.ts'
import { everybody, type CallBudget } from './call-budget.ts'
import { callName, toGeminiError, type Verb } from './gemini-failure.ts'
import type { GeminiMetrics } from './gemini-metrics.ts'
import { GeminiError, type Caller } from './webhook-service.ts'

export interface CallDeps {
  /** For each request, budget wait not included. Default: 10 seconds. */
  timeoutMs?: number
  budget: CallBudget
  clock: Clock
  metrics: GeminiMetrics
}

/** What the SDK is to do of its own accord: nothing. */
export type CallOptions = { maxRetries: 0; timeout: number; signal: AbortSignal; redirect: 'manual' }

/**
 * Makes one request with the SDK. Fails with a `GeminiError`, or with the reason of `signal` when that aborts first.
 */
export type Call<Options = CallOptions> = <T>(
  verb: Verb,
  signal: AbortSignal | undefined,
  send: (options: Options) => Promise<T>,
) => Promise<T>

const defaultTimeoutMs = 10_000
/** When a 429 does not say how long. */
const defaultPauseMs = 5_000

/** A caller that has nothing else to do meanwhile, and no share of its own. */
export const anybody: Caller = { ...everybody, withoutWorker: (wait) => wait() }

/** One request: waits for the budget, bounds the time, counts, translates the failure. */
export function createCall(deps: CallDeps, apiKey: string, caller: Caller): Call {
  const { budget, clock, metrics, timeoutMs = defaultTimeoutMs } = deps
  const request: Call = async (verb, signal, send) => {
    await budget.take(eitherOf(signal, caller.signal), caller)
    // The SDK ignores its own timeout as soon as a signal is given, so the timeout is part of ours.
    const deadline = new AbortController()
    const cancelDeadline = clock.after(timeoutMs, () => deadline.abort())
    const both = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal])
    const startMs = clock.monotonic()
    let code = 'OK'
    try {
      // The SDK gives `fetch` a Request, whose signal Node holds weakly: after a garbage collection an unanswered one
      // can no longer be aborted.
      return await untilAborted(send({ maxRetries: 0, timeout: timeoutMs, signal: both, redirect: 'manual' }), both)
    } catch (error) {
      code = 'ABORTED'
      if (signal?.aborted === true) throw signal.reason
      const timedOut = deadline.signal.aborted
      const failure = toGeminiError({ verb, error, timedOut, timeoutMs, apiKey, nowMs: clock.now() })
      code = failure.code
      if (code === 'ERR_GEMINI_RATE_LIMITED') budget.pause(failure.retryAfterMs ?? defaultPauseMs)
      throw failure
    } finally {
      cancelDeadline()
      metrics.calls.add(1, { verb, code })
      metrics.callSeconds.observe((clock.monotonic() - startMs) / 1000, { verb })
    }
  }
  return async (verb, signal, send) => {
    checkApiKey(verb, apiKey)
    return caller.withoutWorker(() => request(verb, signal, send))
  }
}

/** No third one where one is enough: those of a long-lived signal are kept with it. */
function eitherOf(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a !== undefined && b !== undefined ? AbortSignal.any([a, b]) : (a ?? b)
}

/** Headers cannot carry such a key, and the error that says so would repeat it. */
function checkApiKey(verb: Verb, apiKey: string): void {
  if (/^[\x21-\x7e]+$/.test(apiKey)) return
  throw new GeminiError({
    code: 'ERR_GEMINI_CREDENTIALS_REJECTED',
    message: `${callName(verb)}: the API key is empty or holds white space or other characters that no API key has; correct the Secret`,
    mayHaveCommitted: false,
  })
}
