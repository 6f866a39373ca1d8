import type { Reason } from '../../api/reasons.ts'
import { GeminiError, type GeminiErrorCode } from '../../gemini/webhook-service.ts'
import { isRefusal, KubernetesApiError } from '../../kubernetes/client.ts'

/**
 * What a failure means for the object. `terminal`: only a change of spec or Secret helps. `transient`: try again soon.
 * `credentials`: the API key is refused; tried again slowly. `refused`: the API server refuses the write and will
 * continue to, until a policy, a right or an object is changed; reported at once, and retried with growing pauses,
 * because that change cannot be seen from here.
 */
export interface Failure {
  class: 'terminal' | 'transient' | 'credentials' | 'refused'
  reason: Reason
  /** Names the object, the field, what was wrong and what to do; no secrets. */
  message: string
  retryAfterMs?: number
  /** The failed call may have taken effect. */
  mayHaveCommitted: boolean
}

/** A write that would be refused again right away: by the API server, or for a keyring Secret that is full. */
export function isRefusedWrite({ class: kind, reason }: Failure): boolean {
  return kind === 'refused' || reason === 'KeyringFull'
}

/** The failure of a call that is not begun any more, because this process is stopping. */
export const stopping: Failure = {
  class: 'transient',
  reason: 'ProgressingWithRetry',
  message: 'the controller is stopping: the rest is left to the next one',
  mayHaveCommitted: false,
}

const geminiClasses: Record<GeminiErrorCode, Pick<Failure, 'class' | 'reason'>> = {
  ERR_GEMINI_CREDENTIALS_REJECTED: { class: 'credentials', reason: 'CredentialsRejected' },
  ERR_GEMINI_NOT_FOUND: { class: 'transient', reason: 'RemoteUnavailable' },
  ERR_GEMINI_REJECTED: { class: 'terminal', reason: 'RemoteRejected' },
  ERR_GEMINI_CONFLICT: { class: 'transient', reason: 'RemoteUnavailable' },
  ERR_GEMINI_RATE_LIMITED: { class: 'transient', reason: 'RateLimited' },
  ERR_GEMINI_UNAVAILABLE: { class: 'transient', reason: 'RemoteUnavailable' },
  ERR_GEMINI_TIMEOUT: { class: 'transient', reason: 'RemoteUnavailable' },
  ERR_GEMINI_CONNECTION: { class: 'transient', reason: 'RemoteUnavailable' },
  ERR_GEMINI_BAD_ANSWER: { class: 'transient', reason: 'RemoteUnavailable' },
}

/** A failure that is already classified, on its way through code that throws. */
export class FailedCall extends Error {
  override readonly name = 'FailedCall'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/**
 * The class of an error, from its code alone, never from its text. Undefined: not a failure of a call but a defect of
 * ours.
 */
export function classifyFailure(error: unknown): Failure | undefined {
  if (error instanceof FailedCall) return error.failure
  if (error instanceof GeminiError) {
    return {
      ...geminiClasses[error.code],
      message: error.message,
      mayHaveCommitted: error.mayHaveCommitted,
      ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    }
  }
  if (isRefusal(error)) {
    return { class: 'refused', reason: 'RefusedByAPIServer', message: error.message, mayHaveCommitted: false }
  }
  if (error instanceof KubernetesApiError) {
    return {
      class: 'transient',
      reason: 'ProgressingWithRetry',
      message: error.message,
      mayHaveCommitted: error.status === 0 || error.status >= 500,
      ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    }
  }
  return undefined
}

/** Like `classifyFailure`, for reads whose failure becomes data; a defect of ours is thrown on. */
export function failureOf(error: unknown): Failure {
  const failure = classifyFailure(error)
  if (failure === undefined) throw error
  return failure
}
