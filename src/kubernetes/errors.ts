/**
 * The three ways a reconcile can fail, each saying what the controller loop does next. Anything else that is thrown is treated as a
 * `TransientError`: retrying is the safe guess.
 */

interface FailureDetails {
  /** A condition reason: CamelCase, from a closed list of the thrower's. */
  reason: string
  /** Names the object, the field, what was wrong and what to do. Never a secret. */
  message: string
  cause?: unknown
}

/** The user has to change something; retrying alone cannot help. The loop stops until the object changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
  readonly reason: string

  constructor(details: FailureDetails) {
    super(details.message, { cause: details.cause })
    this.reason = details.reason
  }
}

/** Something that this depends on is not there yet. The loop looks again after `requeueAfterMs`, without growing backoff. */
export class WaitingError extends Error {
  override readonly name = 'WaitingError'
  readonly reason: string
  readonly requeueAfterMs: number

  constructor(details: FailureDetails & { requeueAfterMs: number }) {
    super(details.message, { cause: details.cause })
    this.reason = details.reason
    this.requeueAfterMs = details.requeueAfterMs
  }
}

/** Network, 5xx, 429, conflict: may pass by itself. The loop retries with growing backoff, and not before `retryAfterMs` where given. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  readonly reason: string
  readonly retryAfterMs: number | undefined

  constructor(details: FailureDetails & { retryAfterMs?: number | undefined }) {
    super(details.message, { cause: details.cause })
    this.reason = details.reason
    this.retryAfterMs = details.retryAfterMs
  }
}
