import type { RequestEntry as AnsweredRequest, StepEntry as DeliveryStep } from '../feed-entry.ts'
import type { WebhookKey } from './overview.ts'

/** What happened to a delivery, as a receiver tells it. Times are RFC 3339, durations milliseconds. */
export type LiveEntry = RequestEntry | StepEntry

interface Entry {
  /** Ascends in the order in which this server heard of it; unique within one start. */
  readonly number: number
  readonly pod: string
  readonly at: string
}

/** A request on the public port, and how it was answered. */
export interface RequestEntry extends Entry, Omit<AnsweredRequest, 'atMs'> {}

/**
 * Whether a request was never meant to deliver: only a POST is. The commands and the page look at an address with a
 * GET, and so does whoever strays there.
 */
export function isNoDelivery({ kind, outcome }: Pick<RequestEntry, 'kind' | 'outcome'>): boolean {
  return kind === 'request' && outcome === 'MethodNotAllowed'
}

/** A step of a delivery towards a sink. */
export interface StepEntry extends Entry, Omit<DeliveryStep, 'atMs' | 'retryAtMs'> {
  readonly retryAt?: string
}

export interface DeliveryKey extends WebhookKey {
  readonly eventId: string
}

/** One bar, or mark, of a delivery's life. */
export interface LifeStep {
  readonly kind: 'sent' | 'received' | 'verified' | 'stored' | 'refused' | 'attempt' | 'next' | 'end'
  /** `Open`: still to come, or not known how it ended. */
  readonly state: 'Good' | 'Broken' | 'Open'
  /** When it began, milliseconds since the epoch; `sent` is known to the second only. */
  readonly atMs: number
  readonly durationMs?: number
  readonly sink?: string
  /** Of an attempt, from 1. */
  readonly attempt?: number
  readonly status?: number
  readonly keyId?: string
  /** For people: `worker, attempt 2: refused`. */
  readonly says: string
}

/** One delivery from Google to its end at each sink, as far as receivers remember it. */
export interface DeliveryLife extends DeliveryKey {
  /** Known of one that is pending or a dead letter. */
  readonly eventType?: string
  /** In order of time. */
  readonly steps: readonly LifeStep[]
  /** Of the request. Never a signature. */
  readonly headers: Readonly<Record<string, string>>
  /** How it is at each sink now. */
  readonly sinks: readonly {
    readonly sink: string
    readonly state: 'Delivered' | 'Skipped' | 'Pending' | 'Held' | 'DeadLetter' | 'Unknown'
    /** For replay and retry: `POD/ID`. */
    readonly id?: string
    readonly nextTryAt?: string
    /** Of a dead letter, for people: `Rejected after 3 attempts, refused 422`. */
    readonly why?: string
  }[]
  /** The id to ask for the body with; where it cannot be had, why. */
  readonly body: { readonly id: string } | { readonly why: string }
  /** Receivers that did not answer: they may know more. */
  readonly without: readonly string[]
}

/** Untrusted bytes, for display as text. */
export interface EventBody {
  readonly contentType: string
  readonly receivedAt: string
  readonly bytes: number
  /** UTF-8, what is none of it replaced. Control characters are in it as they came. */
  readonly text: string
  /** More than is sent: `text` ends early. */
  readonly isCut: boolean
}

interface Kept extends DeliveryKey {
  /** `POD/ID`, as the commands name it. */
  readonly id: string
  readonly pod: string
  readonly eventType: string
  readonly sink: string
  readonly attempts: number
}

export interface DeadLetter extends Kept {
  readonly reason: string
  /** Why the last step was no success, with the status where the sink answered. */
  readonly lastCause?: string
  /** When the first attempt was due. */
  readonly since?: string
  readonly endedAt: string
}

export interface PendingDelivery extends Kept {
  /** `waiting`, or `claimed`: an attempt is in flight, or about to start. */
  readonly state: string
  readonly replayed: boolean
  readonly since: string
  readonly nextTryAt?: string
  readonly lastCause?: string
  readonly lastStepAt?: string
}

/**
 * Dead letters newest first, pending deliveries oldest first, within each receiver. `total`: all that the receivers
 * hold, selected or not.
 */
export interface DeliveryPage<Item> {
  readonly items: readonly Item[]
  readonly total: number
  /** If present, there is more: ask again with the same selection and this cursor. */
  readonly cursor?: string
  /** Receivers that did not answer, and why. */
  readonly without: readonly { readonly pod: string; readonly why: string }[]
}

export interface SelectionCount {
  readonly count: number
  /** There are at least so many: counting stopped there. */
  readonly isAtLeast: boolean
  readonly without: readonly { readonly pod: string; readonly why: string }[]
}
