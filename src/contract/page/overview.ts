/**
 * In the order of urgency. `SinkFailing` and `DeadLetters` are Ready objects with something to see to; `Failed`: a link
 * of the chain before the sinks is broken; `Progressing`: time mends it.
 */
export const healths = [
  'Failed',
  'SinkFailing',
  'DeadLetters',
  'Progressing',
  'Unknown',
  'Suspended',
  'Deleting',
  'Ready',
] as const
export type Health = (typeof healths)[number]

export interface WebhookKey {
  readonly namespace: string
  readonly name: string
}

/** One line of the list of GeminiWebhooks. Times are RFC 3339. */
export interface WebhookRow extends WebhookKey {
  /** `namespace/name`: unique. */
  readonly id: string
  /** Differs when anything of the object changed: a shown detail is to be asked for again. */
  readonly version: string
  readonly health: Health
  /** The first broken link of the chain, by name; absent where none is. */
  readonly broken?: string
  /** The reason of the condition that explains it, and what it says. Empty where all is well. */
  readonly reason: string
  readonly message: string
  /** What a person can do, where the reason has a remedy. */
  readonly remedy?: string
  /** Since when `health` has held, as far as a condition tells. */
  readonly since?: string
  /** The state at Google as last seen, such as `enabled`. Absent where nothing is registered. */
  readonly atGoogle?: string
  /** How many event types it subscribes to. */
  readonly events: number
  readonly lastDelivery?: string
  readonly pending: number
  readonly deadLetters: number
  /** When the signing secret was made or last rotated. */
  readonly secretSince?: string
  readonly nextRotation?: string
  readonly sinks: readonly SinkInRow[]
}

interface SinkInRow {
  readonly name: string
  readonly isWell: boolean
}

/** Deliveries a minute, oldest first, the last minute still running. All lists are as long as `minutes`. */
export interface LastHour {
  /** When each minute begins, milliseconds since the epoch. */
  readonly minutes: readonly number[]
  readonly delivered: readonly number[]
  /** Attempts after which the delivery is tried again, or held. */
  readonly triedAgain: readonly number[]
  readonly deadLetters: readonly number[]
  /** Requests on the public port that were refused, genuine or not. */
  readonly refused: readonly number[]
  /** From the request to the sink's 2xx at the first attempt; null where there was none. */
  readonly p50Ms: readonly (number | null)[]
  readonly p99Ms: readonly (number | null)[]
  readonly total: {
    readonly delivered: number
    readonly triedAgain: number
    readonly deadLetters: number
    readonly refused: number
    readonly p50Ms: number | null
    readonly p99Ms: number | null
  }
  /**
   * From then on it is complete, milliseconds since the epoch: receivers remember a bounded number of deliveries from
   * before the page was opened.
   */
  readonly completeSinceMs: number
}

/** What all inboxes hold together. */
export type InboxDepth =
  | {
      readonly isKnown: true
      readonly events: number
      readonly bodyBytes: number
      readonly pending: number
      readonly deadLetters: number
      readonly oldestPendingMs: number
      /** Receivers that did not answer: what they hold is not counted. */
      readonly without: readonly string[]
    }
  | { readonly isKnown: false; readonly why: string }

/** Calls that the API key with the least left may make at Google at once; 0 while paused. */
export type CallBudget =
  { readonly isKnown: true; readonly lowest: number } | { readonly isKnown: false; readonly why: string }

/** Of all GeminiWebhooks that may be seen. */
export interface Overview {
  /** Of the server, milliseconds since the epoch: what "ago" is counted from. The clock of a playground may jump. */
  readonly nowMs: number
  readonly counts: Readonly<Record<Health, number>>
  readonly total: number
  /** From the status of the objects. */
  readonly pending: number
  readonly deadLetters: number
  readonly inbox: InboxDepth
  readonly callBudget: CallBudget
}

/** One receiver pod. */
export interface ReceiverRow {
  readonly pod: string
  /** `Connecting` at first and again after a failure; `Unreachable` with the reason in `why`, tried again by itself. */
  readonly state: 'Connecting' | 'Connected' | 'Unreachable'
  readonly why?: string
  readonly sinceMs: number
  readonly pending?: number
  readonly deadLetters?: number
  readonly events?: number
  readonly inbox?: 'own' | 'shared'
}

/** A link of what `gwh doctor` prints. */
export interface Finding {
  readonly name: string
  readonly state: 'Good' | 'Broken' | 'Open'
  /** What was found, with what to do. */
  readonly says: string
  /** It could not be judged. */
  readonly unjudged?: true
}
