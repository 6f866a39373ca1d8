/**
 * Network, 5xx, 429, conflict: may pass by itself. The loop retries with growing backoff, and not before `retryAfterMs`
 * where given. Anything else that is thrown is retried too, which is the safe guess, and is logged as a defect of ours.
 */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  /** A condition reason: CamelCase, from a closed list of the thrower's. */
  readonly reason: string
  readonly retryAfterMs: number | undefined

  /** `message` names the object, the field, what was wrong and what to do. Never a secret. */
  constructor(details: { reason: string; message: string; retryAfterMs?: number | undefined }) {
    super(details.message)
    this.reason = details.reason
    this.retryAfterMs = details.retryAfterMs
  }
}
