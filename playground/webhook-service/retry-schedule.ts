import type { Switches } from './switches.ts'

export interface AttemptResult {
  /** Absent when no answer came. */
  status?: number
  /** Why no answer came: a word of ours or a system error code. */
  error?: string
  /** From the answer's Retry-After. */
  retryAfterMs?: number
}

export type AfterAttempt =
  | { type: 'Delivered' }
  | { type: 'RetryIn'; delayMs: number }
  | { type: 'GiveUp' }
  /** 410 where the service follows the Standard Webhooks rules: nothing more goes to this endpoint. */
  | { type: 'EndpointGone' }

const throttling: ReadonlySet<number | undefined> = new Set([429, 502, 504])

export const isSuccess = ({ status = 0 }: AttemptResult): boolean => status >= 200 && status < 300

/** What follows an attempt. `attempt` counts from 1; `ageMs` is the time since the event; `chance` is from [0, 1). */
export function afterAttemptAt(
  result: AttemptResult,
  { attempt, ageMs, chance }: { attempt: number; ageMs: number; chance: number },
  switches: Switches,
): AfterAttempt {
  if (isSuccess(result)) return { type: 'Delivered' }
  const bySpec = switches.specialAnswers === 'spec'
  if (bySpec && result.status === 410) return { type: 'EndpointGone' }
  const full = Math.min(switches.retryDelayMs * 2 ** Math.min(attempt - 1, 40), switches.retryDelayMaxMs)
  const backoffMs = Math.round(full * (1 - switches.retryJitter * chance))
  const throttledMs = throttling.has(result.status) ? backoffMs * 2 : backoffMs
  const delayMs = bySpec ? Math.max(throttledMs, result.retryAfterMs ?? 0) : backoffMs
  return ageMs + delayMs > switches.retryForMs ? { type: 'GiveUp' } : { type: 'RetryIn', delayMs }
}
