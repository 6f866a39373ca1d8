/**
 * Every way a request can end, as data. Bodies are always empty; never 410 and never a redirect: a sender may read them
 * as "gone for good".
 */

interface Answer {
  readonly status: number
  /** Sent as `retry-after`: a fault of ours, so the sender keeps the event and repeats it. */
  readonly retryAfterSeconds?: number
}

/** Short: the cause usually ends with the next watch event or commit. */
const soonSeconds = 5
/** Long: a full quota or disk needs sinks to catch up, or a person. */
const laterSeconds = 60

export const answers = {
  Ok: { status: 200 },
  /** Durable now. */
  Stored: { status: 204 },
  /** Durable before; acknowledged like the first. */
  Duplicate: { status: 204 },
  MissingHeader: { status: 400 },
  MalformedHeader: { status: 400 },
  /** Not HTTP as we speak it. */
  MalformedRequest: { status: 400 },
  StaleTimestamp: { status: 401 },
  BadSignature: { status: 401 },
  /** No such path, or no such endpoint once the directory is complete. */
  UnknownEndpoint: { status: 404 },
  MethodNotAllowed: { status: 405 },
  TooSlow: { status: 408 },
  BodyTooLarge: { status: 413 },
  HeadersTooLarge: { status: 431 },
  /**
   * The directory is not complete yet, so an unknown endpoint cannot be distinguished from one that is not loaded yet.
   * Also the health answer while not ready.
   */
  NotReady: { status: 503, retryAfterSeconds: soonSeconds },
  /**
   * A known endpoint whose signing secrets have not arrived, or have all ended; a dynamic one before the service's
   * public keys are here.
   */
  NoLiveKey: { status: 503, retryAfterSeconds: soonSeconds },
  /**
   * An unmatched signature may be of a key that has not arrived yet: a secret is being created or rotated, or the
   * public keys cannot be looked up.
   */
  KeysChanging: { status: 503, retryAfterSeconds: soonSeconds },
  /** This object's share of the inbox is used up; others are served. */
  OwnerFull: { status: 503, retryAfterSeconds: laterSeconds },
  InboxFull: { status: 503, retryAfterSeconds: laterSeconds },
  InboxUnavailable: { status: 503, retryAfterSeconds: soonSeconds },
  /** Not committed in time. It may be committed later: the repetition is then a duplicate. */
  AppendTimeout: { status: 503, retryAfterSeconds: soonSeconds },
  /**
   * As many public-key checks run as may, or this endpoint has had its failures of the minute: a flood of forgeries,
   * behind which one may be genuine.
   */
  ChecksExhausted: { status: 503, retryAfterSeconds: soonSeconds },
  /** The process holds as many body bytes as it may. */
  Overloaded: { status: 503, retryAfterSeconds: soonSeconds },
  /** A fault of this program: the sender must not pay for it. */
  InternalError: { status: 503, retryAfterSeconds: soonSeconds },
} as const satisfies Record<string, Answer>

export type AnsweredOutcome = keyof typeof answers
/** `Aborted`: the client went away before it had sent everything; there is no client to answer. */
export type Outcome = AnsweredOutcome | 'Aborted'

export function answerOf(outcome: AnsweredOutcome): Answer {
  return answers[outcome]
}
