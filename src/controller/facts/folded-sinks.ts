/** What all receivers together say of one sink. */
export interface FoldedSink {
  /** Set while it takes nothing. */
  failing?: { since: string; cause?: string | undefined; status?: number | undefined }
  /** Its state is unknown: what was known stays. */
  isUnseen: boolean
  pending: number
  deadLetters: number
}

/** What all receivers together say of the sinks of one object. */
export interface FoldedSinks {
  /** At least one receiver has reported on sinks, and not too long ago. */
  isReported: boolean
  /** Not every sink had room in the reports: nothing is known of one that is not named. */
  isPartial: boolean
  byName: ReadonlyMap<string, FoldedSink>
}
