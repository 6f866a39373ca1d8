import { backfillEventId } from '../../gemini/batch-job.ts'
import type { EndedBatch } from '../../gemini/batch-service.ts'

/** A batch of a list, with the id of the event that we would send of it. */
export interface SeenBatch extends EndedBatch {
  readonly eventId: string
  /** The number of the run whose list showed it first, as far as this process remembers. */
  readonly firstRun: number
}

interface Known {
  readonly run: number
  readonly endedAtMs: number
}

/**
 * Which batches the lists of one API key have shown, and since which run: one memory for all objects of the key, which
 * then remember only up to which run they are done. What is forgotten is sent again, and folded by the receivers.
 */
export class SeenBatches {
  #known = new Map<string, Known>()

  get size(): number {
    return this.#known.size
  }

  /**
   * Takes the list of a run and returns it by the end of its batches. Forgets what ended before `endedAfterMs`, which
   * no object looks for any more; a batch that this list lacks may be in the next. `run` grows from list to list.
   */
  take(jobs: readonly EndedBatch[], { run: now, endedAfterMs }: { run: number; endedAfterMs: number }): SeenBatch[] {
    for (const [id, { endedAtMs }] of this.#known) if (endedAtMs < endedAfterMs) this.#known.delete(id)
    const seen = jobs.map((job): SeenBatch => {
      const eventId = backfillEventId(job.id, job.type)
      const run = this.#known.get(eventId)?.run ?? now
      this.#known.set(eventId, { run, endedAtMs: job.endedAtMs })
      return { ...job, eventId, firstRun: run }
    })
    return seen.toSorted((a, b) => a.endedAtMs - b.endedAtMs)
  }

  /** Of all keys together there were too many. */
  forget(): void {
    this.#known = new Map()
  }
}
