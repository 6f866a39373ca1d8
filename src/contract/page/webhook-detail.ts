import type { LastHour, WebhookRow } from './overview.ts'
import type { ActionName, Permission } from './rights.ts'

/** One link of the chain that `gwh status` prints, in its order. */
export interface ChainLink {
  readonly name: string
  /** `Open`: not asked for, not known, or still to come. */
  readonly state: 'Good' | 'Broken' | 'Open'
  readonly says: string
  /** Of the condition's reason, where it has one. */
  readonly remedy?: string
  /** It could not be judged though it should have been. */
  readonly isUnjudged?: true
  /** Sinks and what lies beside the chain branch off at its end. */
  readonly branch?: 'sink' | 'beside'
}

export interface ConditionView {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  /** What the condition answers, and what to do about its reason. */
  readonly question: string
  readonly remedy?: string
}

/** A signing secret's time in force: never more of it than what Google shows. */
export interface SecretView {
  /** Such as `whsec_...dAsY`; absent of one that is known by its time only. */
  readonly hint?: string
  readonly state: 'InForce' | 'Overlapping'
  readonly fromMs?: number
  /** Absent: until the next rotation. */
  readonly untilMs?: number
}

export interface RotationView {
  readonly lastMs?: number
  readonly nextMs?: number
  readonly interval?: string
  readonly windows: readonly {
    readonly cron: string
    readonly duration: string
    readonly timeZone: string
    /** When it is open next, or now: a few, in order. */
    readonly openings: readonly { readonly fromMs: number; readonly untilMs: number }[]
  }[]
  /** A rotation under way, and why. */
  readonly underWay?: { readonly cause?: string; readonly sinceMs: number }
  /** What is wrong with the schedule. */
  readonly problems: readonly string[]
}

export interface SinkView {
  readonly name: string
  /** `service`, `url`, `nats` and so on. */
  readonly kind: string
  readonly address?: string
  readonly isReady: boolean
  /** Its owner suspended it: nothing is wrong. */
  readonly isSuspended?: true
  readonly reason?: string
  readonly failingSince?: string
  readonly lastFailure?: string
  readonly pending: number
  readonly deadLetters: number
  /** The filter, as the spec has it. */
  readonly filter?: string
}

/** What backfill found, and a time in which deliveries may have been missed. Times are RFC 3339. */
export interface BackfillView {
  /** Absent: it is off. */
  readonly lookback?: string
  /** Batches that ended since then are looked through. */
  readonly since?: string
  /** When something was missing last, how much that was, and how much in all. */
  readonly lastTime?: string
  readonly lastFound?: number
  readonly total?: number
  readonly failing?: { readonly since: string; readonly message: string }
  readonly gap?: {
    readonly since: string
    readonly until?: string
    readonly coveredTime?: string
    /** What the condition about it says. */
    readonly says: string
  }
}

/** All that the page shows of one GeminiWebhook. */
export interface WebhookDetail {
  readonly row: WebhookRow
  readonly chain: readonly ChainLink[]
  /** Index in `chain`; absent where no link is broken. */
  readonly firstBroken?: number
  readonly conditions: readonly ConditionView[]
  readonly secretName?: string
  /** Oldest first. */
  readonly secrets: readonly SecretView[]
  readonly rotation: RotationView
  readonly backfill: BackfillView
  readonly sinks: readonly SinkView[]
  readonly events: readonly string[]
  readonly endpoint?: string
  /** The id that Google gave it. */
  readonly googleId?: string
  readonly createdMs: number
  readonly lastHour: LastHour
  /** Of this user on this object. */
  readonly may: Readonly<Record<Exclude<ActionName, 'drain'>, Permission>>
}
