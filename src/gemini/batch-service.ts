import type { TerminalBatchType } from './batch-job.ts'

/** A batch that has ended, as the list of its project shows it; nothing else of it is kept. */
export interface EndedBatch {
  /** As Google names it: `batches/…`, or any other form that it may have one day. At most 1,024 characters. */
  readonly id: string
  /** As the SDK names it: `JOB_STATE_SUCCEEDED`. */
  readonly state: string
  /** The event that its end is. */
  readonly type: TerminalBatchType
  /** Milliseconds since the epoch. */
  readonly endedAtMs: number
  /** Of a batch that succeeded, where its answers are in a file. */
  readonly outputFileUri?: string
}

export interface EndedBatches {
  /** Each id once, in the order of the list. */
  readonly jobs: readonly EndedBatch[]
  /**
   * States that nobody here knows, each once: at most ten of at most 64 characters. Their batches are in none of the
   * others.
   */
  readonly unknownStates: readonly string[]
  /** Batches that could not be read: without a name or a state, or ended without a time. */
  readonly unreadable: number
  /** False: the project has more batches than are read, and what else has ended is not known. */
  readonly isWhole: boolean
}

export interface EndedBatchesQuery {
  /** Only batches that ended then or later, in milliseconds since the epoch. */
  readonly endedAfterMs: number
  readonly signal?: AbortSignal
}

/**
 * The batches of one project at Google, reached with one API key. Every page is one request, without a retry; it has a
 * timeout and waits for the call budget that the webhooks of the same key have. Failures are `GeminiError`.
 */
export interface BatchService {
  /**
   * Reads the list page by page, at most 10,000 batches of it, and keeps what has ended since; where the list turns
   * out to begin with the newest, no further than what was created a week before that. Fails whole: a page that fails,
   * or pages without an end, give nothing. A batch that is listed twice because the pages shifted counts once; one that
   * was skipped for the same reason is in the next list.
   */
  listEndedBatches(query: EndedBatchesQuery): Promise<EndedBatches>
}
