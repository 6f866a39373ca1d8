/**
 * What happened to deliveries, for `gwh listen` and the admin API: no bodies, no signatures, no tokens, no credentials.
 */

/** One request on the public port and how it was answered. */
export interface RequestEntry {
  readonly kind: 'request'
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** The path as a template. */
  readonly route: string
  readonly outcome: string
  /** Absent where the client was gone before the answer. */
  readonly status?: number
  /** Of the endpoint, once the path led to one. */
  readonly namespace?: string
  readonly name?: string
  /** Only of a delivery whose signature held. */
  readonly eventId?: string
  readonly keyId?: string
  readonly bodyBytes?: number
  /** How far the sender's timestamp was ahead of our clock. */
  readonly skewSeconds?: number
  readonly headers: Readonly<Record<string, string>>
  readonly durationMs: number
}

/** One step of a delivery to a sink. */
export interface StepEntry {
  readonly kind: 'step'
  readonly atMs: number
  readonly namespace: string
  readonly name: string
  readonly eventId: string
  readonly sink: string
  /** The next step of the delivery: Succeed, Skip, RetryAt, Hold, DeadLetter. */
  readonly next: string
  /** Of a dead letter. */
  readonly reason?: string
  readonly retryAtMs?: number
  /** Absent where nothing was sent. */
  readonly attempt?: {
    readonly number: number
    readonly sinkType: string
    readonly outcome: string
    readonly cause?: string
    readonly status?: number
    readonly replayed: boolean
    readonly durationMs: number
  }
}

export type FeedEntry = RequestEntry | StepEntry
