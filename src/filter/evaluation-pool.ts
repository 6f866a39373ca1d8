import { growingMs } from '../backoff.ts'
import type { Clock } from '../clock.ts'
import { Turns, type Turn, type TurnPath } from '../fairness/turns.ts'
import type { LimitedWorker, RunEnd } from './limited-worker.ts'
import type { ToWorker } from './worker-protocol.ts'

export type PoolWorker = Pick<LimitedWorker, 'ready' | 'isUsable' | 'run' | 'end'>

/** noTurn: it was not begun, because others had their turn, the caller aborted, or the pool was closed. */
export type EvaluationEnd = RunEnd | { readonly type: 'noTurn' }

export type WorkerEnd = 'overran' | 'stalled' | 'crashed' | 'full' | 'notStarted'

interface EvaluationPoolOptions {
  readonly startWorker: () => PoolWorker
  readonly clock: Clock
  /** Threads, at most; none runs before the first job. */
  readonly size: number
  /** So long an evaluation waits for its turn, milliseconds. */
  readonly maxWaitMs: number
  readonly weightOf?: (namespace: string) => number
  /** How long one has waited whose turn it is. */
  readonly onTurn?: (waitedMs: number) => void
  readonly onWorkerEnd?: (why: WorkerEnd) => void
}

interface Job {
  readonly path: TurnPath
  readonly question: ToWorker
  readonly askedMs: number
  /** Its thread died while it ran: once, an earlier job may be the cause. */
  hasCrashed: boolean
  /** Set once: the caller has its result. */
  end: EvaluationEnd | undefined
  readonly settle: (end: EvaluationEnd) => void
}

const restartPauses = { baseMs: 1_000, maxMs: 30_000 }

/**
 * A few threads that many share. Whose turn it is, is decided by the time of a processor that each has had
 * (src/fairness/turns.ts). A thread has one job at a time, so that ending one job never ends another.
 */
export class EvaluationPool {
  readonly #options: EvaluationPoolOptions
  readonly #turns: Turns<Job>
  readonly #workers = new Set<PoolWorker>()
  readonly #idle = new Set<PoolWorker>()
  readonly #waiting = new Set<Job>()
  #failedStarts = 0
  #startsAtMs = -Infinity
  #isClosed = false

  constructor(options: EvaluationPoolOptions) {
    this.#options = options
    this.#turns = new Turns(options)
  }

  /** Evaluations that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Never rejects. When `signal` aborts, what has not begun ends with `noTurn`. */
  run(path: TurnPath, question: ToWorker, signal: AbortSignal): Promise<EvaluationEnd> {
    const { clock, maxWaitMs } = this.#options
    if (this.#isClosed || signal.aborted) return Promise.resolve({ type: 'noTurn' })
    const { promise, resolve } = Promise.withResolvers<EvaluationEnd>()
    const giveUp = () => {
      if (this.#waiting.has(job)) job.settle({ type: 'noTurn' })
    }
    const cancel = clock.after(maxWaitMs, giveUp)
    signal.addEventListener('abort', giveUp)
    const job: Job = {
      path,
      question,
      askedMs: clock.monotonic(),
      hasCrashed: false,
      end: undefined,
      settle: (end) => {
        job.end = end
        this.#waiting.delete(job)
        cancel()
        signal.removeEventListener('abort', giveUp)
        resolve(end)
      },
    }
    this.#enqueue(job)
    return promise
  }

  /** What waits ends with `noTurn`, what runs is ended as a crash. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const job of this.#waiting) job.settle({ type: 'noTurn' })
    await Promise.all([...this.#workers].map((worker) => worker.end()))
  }

  #enqueue(job: Job): void {
    this.#waiting.add(job)
    this.#turns.add(job.path, job)
    this.#serve()
  }

  /** Nothing is idle while anything waits. */
  #serve(): void {
    while (!this.#isClosed && this.#turns.waiting > 0) {
      const [worker] = this.#idle
      if (worker === undefined) return this.#startWorker()
      const turn = this.#turns.take()
      if (turn === undefined) return
      if (turn.job.end !== undefined) {
        this.#turns.done(turn, 0)
        continue
      }
      this.#idle.delete(worker)
      void this.#give(turn, worker)
    }
  }

  async #give(turn: Turn<Job>, worker: PoolWorker): Promise<void> {
    const { job } = turn
    const { clock, onTurn, onWorkerEnd } = this.#options
    this.#waiting.delete(job)
    onTurn?.(clock.monotonic() - job.askedMs)
    // A copy to give away: the body may be part of a larger block, which would travel whole, and it is needed again
    // after a crash.
    const { event } = job.question
    const body = new Uint8Array(event.body)
    const end = await worker.run({ ...job.question, event: { ...event, body } }, [body.buffer])
    this.#turns.done(turn, end.costMs)
    if (worker.isUsable) this.#idle.add(worker)
    else {
      this.#workers.delete(worker)
      void worker.end()
      onWorkerEnd?.(end.type === 'answered' ? 'full' : end.type)
    }
    if (end.type === 'crashed' && !job.hasCrashed && !this.#isClosed) {
      job.hasCrashed = true
      this.#enqueue(job)
    } else job.settle(end)
    this.#serve()
  }

  #startWorker(): void {
    const { startWorker, clock, size } = this.#options
    if (this.#workers.size >= size || clock.monotonic() < this.#startsAtMs) return
    const worker = startWorker()
    this.#workers.add(worker)
    void worker.ready.then((isReady) => {
      if (isReady) {
        this.#failedStarts = 0
        this.#idle.add(worker)
        return this.#serve()
      }
      this.#workers.delete(worker)
      this.#noteFailedStart()
    })
  }

  /** Jobs that wait meanwhile end with `noTurn` when their time is up. */
  #noteFailedStart(): void {
    if (this.#isClosed) return
    const { clock, onWorkerEnd } = this.#options
    const pauseMs = growingMs(this.#failedStarts, restartPauses)
    this.#failedStarts += 1
    this.#startsAtMs = clock.monotonic() + pauseMs
    clock.after(pauseMs, () => this.#serve())
    onWorkerEnd?.('notStarted')
  }
}
