/** What one run of the backfill found for one object. Times are milliseconds since the epoch. */
export interface BackfillRun {
  readonly endedMs: number
  /** Events that Google had not delivered: receivers stored them. */
  readonly found: number
  /** The request that it answered. */
  readonly requestID?: string
  /** Of the first run: how many events ended earlier than what is sent without being asked for. */
  readonly older?: number
}

/** What this process knows of the backfill of one object. Times are milliseconds since the epoch. */
export interface BackfillView {
  /** Runs that status does not tell of yet, in their order. */
  readonly runs: readonly BackfillRun[]
  /** Runs fail. Null: the last one succeeded. Absent: this process has not made one yet. */
  readonly failing?: { readonly sinceMs: number; readonly message: string } | null
  /**
   * The last run after which receivers had the event of every batch that ended in between. Absent: this process made
   * none yet.
   */
  readonly covered?: { readonly fromMs: number; readonly toMs: number }
}
