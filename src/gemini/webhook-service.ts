import type { BatchService } from './batch-service.ts'
import type { CallAccount } from './call-budget.ts'
import type { TakeOfList } from './list-bounds.ts'

/**
 * Google's WebhookService as the controller sees it: one method per call, snake_case of the wire left at the border.
 */

export interface RemoteSecret {
  /** The hint: `whsec_...` and the last four characters; all that can ever be read again. */
  truncatedSecret: string
  /** Absent on the current secret; RFC 3339 on one that a rotation left behind. */
  expireTime?: string
}

export interface RemoteWebhook {
  id: string
  name?: string
  uri: string
  subscribedEvents: string[]
  /** enabled, disabled or disabled_due_to_failed_deliveries; anything else is kept as it came. */
  state: string
  signingSecrets: RemoteSecret[]
  /** There are fields that this version does not know: what is missing may be in one of them, under another name. */
  hasUnknownFields?: true
}

export type RevocationBehavior = 'revoke_previous_secrets_after_h24' | 'revoke_previous_secrets_immediately'

export interface WebhookChanges {
  name?: string
  uri?: string
  subscribedEvents?: string[]
  state?: 'enabled' | 'disabled'
}

/**
 * One project at Google, reached with one API key. One call means one request: nothing here retries, every call has a
 * timeout and waits for the key's call budget. Failures are `GeminiError`. Secrets are returned once and appear nowhere
 * else.
 */
export interface WebhookService {
  /**
   * Every page, in order. `take` is called before a page is kept; where it refuses, the list fails as one that is too
   * large.
   */
  list(signal?: AbortSignal, take?: TakeOfList): Promise<RemoteWebhook[]>
  /** undefined: Google answered 404. */
  get(id: string, signal?: AbortSignal): Promise<RemoteWebhook | undefined>
  /** `signingSecret` is shown this once. */
  create(webhook: {
    name: string
    uri: string
    subscribedEvents: string[]
  }): Promise<{ webhook: RemoteWebhook; signingSecret: string }>
  /** Sends exactly the given fields and the matching update mask. */
  update(id: string, changes: WebhookChanges): Promise<RemoteWebhook>
  /** Deleting what is gone succeeds. */
  delete(id: string): Promise<void>
  /** Asks for a test delivery. Success says nothing about the endpoint. */
  ping(id: string): Promise<void>
  /** The new secret is shown this once. */
  rotateSigningSecret(id: string, revocation: RevocationBehavior): Promise<string>
  /** The batches of the same project; their calls are on nobody's account. */
  readonly batches: BatchService
}

/** The caller on whose account a call is made. */
export interface Caller extends CallAccount {
  /** Runs the wait for the budget and for the answer; a worker can serve another key meanwhile. */
  readonly withoutWorker: <T>(wait: () => Promise<T>) => Promise<T>
  /**
   * When it aborts, what has not been sent yet is not sent any more, and fails with its reason; what is under way is
   * finished.
   */
  readonly signal?: AbortSignal
}

/** A service that many share: each makes its calls on its own account. */
export interface SharedWebhookService extends WebhookService {
  /** The same project, for one caller. Costs nothing; not to be kept longer than the caller lives. */
  as(caller: Caller): WebhookService
}

/**
 * What to do next follows from the code alone, never from the text (controller/facts/failure-class.ts maps code to
 * class).
 */
export type GeminiErrorCode =
  | 'ERR_GEMINI_CREDENTIALS_REJECTED' // 401, 403, or a 400 whose ErrorInfo names the key
  | 'ERR_GEMINI_NOT_FOUND' // 404 where the call needs the webhook to exist
  | 'ERR_GEMINI_REJECTED' // other 4xx: the request itself; may pass later during a rollout
  | 'ERR_GEMINI_CONFLICT' // 409
  | 'ERR_GEMINI_RATE_LIMITED' // 429
  | 'ERR_GEMINI_UNAVAILABLE' // 5xx, 408
  | 'ERR_GEMINI_TIMEOUT' // no answer in time
  | 'ERR_GEMINI_CONNECTION' // refused, reset, TLS, DNS
  | 'ERR_GEMINI_BAD_ANSWER' // not the API's: a 2xx of another form, a redirect, an error page of something in between

export class GeminiError extends Error {
  override readonly name = 'GeminiError'
  readonly code: GeminiErrorCode
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
  /**
   * The call may have taken effect although no usable answer came: after create or rotate, look before acting again.
   */
  readonly mayHaveCommitted: boolean

  constructor(details: {
    code: GeminiErrorCode
    /**
     * Names the call and what was wrong; Google's text cut short and cleansed of anything that looks like a secret or a
     * key.
     */
    message: string
    status?: number | undefined
    retryAfterMs?: number | undefined
    mayHaveCommitted: boolean
  }) {
    super(details.message)
    this.code = details.code
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs
    this.mayHaveCommitted = details.mayHaveCommitted
  }
}
