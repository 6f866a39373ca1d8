import { backoffMs, type Backoff } from '../backoff.ts'

/** How one HTTP attempt failed. */
export type AttemptFailure =
  | { type: 'refused'; status: number; retryAfterMs: number | undefined }
  /** `reached`: bytes may have arrived at the server. */
  | { type: 'broken'; reached: boolean }

/**
 * Five attempts with this backoff span about three seconds: enough for a leader change behind a load balancer; longer
 * outages belong to the caller.
 */
const maxAttempts = 5
const retryBackoff: Backoff = { baseMs: 100, maxMs: 5_000 }

/** With a longer Retry-After the error goes to the caller, which has a queue to wait in. */
const maxRetryAfterMs = 10_000

/**
 * Whether to try again, and after how long (milliseconds); undefined: do not. `attempt` counts from 1. Reads are
 * repeated on 429, 5xx and broken connections; writes only where the server surely did nothing: it said so (429 with
 * Retry-After), or no connection came to be.
 */
export function retryDelayMs(
  call: { write: boolean; attempt: number },
  failure: AttemptFailure,
  random: () => number,
): number | undefined {
  if (call.attempt >= maxAttempts || !isRepeatable(call.write, failure)) return undefined
  const backoff = backoffMs(call.attempt - 1, retryBackoff, random)
  if (failure.type === 'broken' || failure.retryAfterMs === undefined) return backoff
  // Retry-After counts whole seconds: without the added jitter, all clients with the same value would retry together.
  return failure.retryAfterMs > maxRetryAfterMs ? undefined : failure.retryAfterMs + backoff
}

function isRepeatable(write: boolean, failure: AttemptFailure): boolean {
  if (failure.type === 'broken') return !write || !failure.reached
  if (failure.status === 429) return !write || failure.retryAfterMs !== undefined
  return !write && failure.status >= 500
}
