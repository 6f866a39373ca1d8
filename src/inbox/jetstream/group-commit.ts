import type { Clock } from '../../clock.ts'
import type { BatchResult, Put, PutResult } from './publisher.ts'
import { WriteRate } from './write-rate.ts'

/**
 * A batch costs the server about as much as so many single writes, on a disk that syncs in 0.1 ms: it makes four syncs
 * and five files for it. Fewer are faster one by one.
 */
const fewestInBatch = 16
/** Half of what the server takes. */
const mostInBatch = 500
/** Of bodies. The gate lets through no more than this of appends. */
const mostBytesInBatch = 4 * 1024 * 1024

interface Waiting {
  readonly put: Put
  readonly resolve: (result: PutResult) => void
  readonly reject: (error: unknown) => void
}

interface Publishing {
  one(put: Put): Promise<PutResult>
  batch(puts: readonly Put[]): Promise<BatchResult>
}

export interface GroupCommitDeps {
  readonly publisher: Publishing
  readonly clock: Clock
  /**
   * While a batch's worth comes in so many milliseconds, groups begin that far apart; 0: nothing waits for more to
   * come.
   */
  readonly gatherMs: number
}

/**
 * Writes that come in the same moment travel together: what comes while others are on their way waits for these and
 * then goes as one atomic batch, with one sync for all. Only where writes keep coming fast enough to fill a batch do
 * they wait for more to come; fewer are on their way at once, one by one.
 */
export class GroupCommit {
  readonly #deps: GroupCommitDeps
  readonly #rate: WriteRate
  readonly #waiting: Waiting[] = []
  #underWay = 0
  #isPlanned = false
  /** When the last group went, by the monotonic clock. */
  #sentMs = Number.NEGATIVE_INFINITY
  #isGathering = false
  /** Whether the stream takes batches; without them every write goes at once, by itself. */
  takesBatches = false

  constructor(deps: GroupCommitDeps) {
    this.#deps = deps
    this.#rate = new WriteRate(deps.gatherMs)
  }

  /** Durable when it resolves with `stored`. When it throws, the write may have happened all the same. */
  put(put: Put): Promise<PutResult> {
    const { publisher, clock } = this.#deps
    if (!this.takesBatches) return publisher.one(put)
    this.#rate.note(clock.monotonic())
    const { promise, resolve, reject } = Promise.withResolvers<PutResult>()
    this.#waiting.push({ put, resolve, reject })
    // After what calls in the same moment, such as all deliveries of a claim.
    if (!this.#isPlanned) queueMicrotask(() => this.#sendWhatMay())
    this.#isPlanned = true
    return promise
  }

  #sendWhatMay(): void {
    this.#isPlanned = false
    const isFew = this.#underWay + this.#waiting.length < fewestInBatch
    if (this.#waiting.length === 0 || (this.#underWay > 0 && !isFew) || this.#mayGather()) return
    const group = this.#takeGroup()
    this.#underWay += group.length
    if (isFew) for (const waiting of group) void this.#sendGroup([waiting])
    else void this.#sendGroup(group)
  }

  /** Whether what waits may wait for more; it is looked at again when it has waited for long enough. */
  #mayGather(): boolean {
    const { clock, gatherMs } = this.#deps
    const nowMs = clock.monotonic()
    const leftMs = this.#sentMs + gatherMs - nowMs
    if (leftMs > 0 && this.#rate.isAtLeast(fewestInBatch, nowMs)) {
      if (!this.#isGathering) {
        clock.after(leftMs, () => {
          this.#isGathering = false
          this.#sendWhatMay()
        })
      }
      this.#isGathering = true
      return true
    }
    this.#sentMs = nowMs
    return false
  }

  async #sendGroup(group: readonly Waiting[]): Promise<void> {
    await this.#write(group)
    this.#underWay -= group.length
    this.#sendWhatMay()
  }

  /** In their order, as many as one batch takes; of one subject only the first, which the next then conflicts with. */
  #takeGroup(): Waiting[] {
    const subjects = new Set<string>()
    let bytes = 0
    const end = this.#waiting.findIndex(({ put }, at) => {
      bytes += put.body?.length ?? 0
      const isTooMuch = at > 0 && (at === mostInBatch || bytes > mostBytesInBatch)
      if (isTooMuch || subjects.has(put.subject)) return true
      subjects.add(put.subject)
      return false
    })
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end)
  }

  /**
   * A refused batch is tried again in halves, so that one repetition among many does not cost each of them a sync; what
   * is too small for a batch is written one by one, and each gets its own result.
   */
  async #write(group: readonly Waiting[]): Promise<void> {
    if (group.length < fewestInBatch || !this.takesBatches) {
      await Promise.all(group.map(({ put, resolve, reject }) => this.#deps.publisher.one(put).then(resolve, reject)))
      return
    }
    try {
      const result = await this.#deps.publisher.batch(group.map(({ put }) => put))
      if (result.type === 'stored') {
        for (const [at, { resolve }] of group.entries()) resolve({ type: 'stored', seq: result.firstSeq + at })
        return
      }
    } catch (error) {
      for (const { reject } of group) reject(error)
      return
    }
    const half = Math.ceil(group.length / 2)
    await this.#write(group.slice(0, half))
    await this.#write(group.slice(half))
  }
}
