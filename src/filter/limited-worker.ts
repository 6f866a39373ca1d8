import { Worker, type Transferable } from 'node:worker_threads'

import type { Clock } from '../clock.ts'
import type { Evaluation } from './evaluate-event.ts'
import type { FromWorker, ToWorker, WorkerSettings } from './worker-protocol.ts'

export interface WorkerLimits {
  /** What one job may use of a processor, milliseconds. */
  readonly processorMs: number
  /** How long one job may take at all, milliseconds: where a thread gets no processor, that is not the job's fault. */
  readonly elapsedMs: number
}

type Answer = Extract<FromWorker, { type: 'answer' }>

/**
 * overran: the job used up its time. stalled: it made no headway. crashed: the thread ended in the middle of it.
 * `costMs`: what it took of the worker.
 */
export type RunEnd =
  | ({ readonly type: 'answered'; readonly costMs: number } & Evaluation)
  | { readonly type: 'overran' | 'stalled' | 'crashed'; readonly costMs: number }

interface Run {
  readonly startedMs: number
  readonly resolve: (end: RunEnd) => void
  cancelLook: () => void
}

/** Bounds the memory that a hostile event can use in its thread; beyond it the thread ends, and no other. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 }

/**
 * A thread that does one job at a time and is ended when one takes too long. It has no access to the environment and
 * the arguments of the process. Its processor time counts, measured from outside: an overloaded or suspended machine
 * interrupts no job.
 */
export class LimitedWorker {
  /** Resolves once: false when it ended before it could take a job. */
  readonly ready: Promise<boolean>
  readonly #worker: Worker
  readonly #clock: Clock
  readonly #limits: WorkerLimits
  #isUsable = true
  #run: Run | undefined
  /** Of the thread, when its last job ended. */
  #usedMs = 0

  constructor(
    url: URL,
    { clock, limits, settings = {} }: { clock: Clock; limits: WorkerLimits; settings?: WorkerSettings },
  ) {
    this.#clock = clock
    this.#limits = limits
    this.#worker = new Worker(url, { env: {}, argv: [], execArgv: [], resourceLimits, workerData: settings })
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.ready = promise
    this.#worker.on('message', (message: FromWorker) => {
      if (message.type === 'answer') return this.#answer(message)
      this.#usedMs = message.processorMs
      // Idle, it keeps no process alive.
      this.#worker.unref()
      resolve(true)
    })
    // The `exit` event reports it.
    this.#worker.on('error', () => {})
    this.#worker.on('exit', () => {
      resolve(false)
      this.#fail('crashed', this.#elapsedMs())
    })
  }

  /** False: it has ended, or should not get another job. */
  get isUsable(): boolean {
    return this.#isUsable
  }

  /** One at a time. Never rejects. */
  run(message: ToWorker, transfer: readonly Transferable[]): Promise<RunEnd> {
    const { promise, resolve } = Promise.withResolvers<RunEnd>()
    const run: Run = { startedMs: this.#clock.monotonic(), resolve, cancelLook: () => {} }
    this.#run = run
    this.#worker.ref()
    this.#worker.postMessage(message, transfer)
    this.#watch(run)
    return promise
  }

  async end(): Promise<void> {
    this.#isUsable = false
    await this.#worker.terminate()
  }

  #watch(run: Run): void {
    run.cancelLook = this.#clock.after(this.#limits.processorMs, () => void this.#look(run))
  }

  async #look(run: Run): Promise<void> {
    if (this.#elapsedMs() >= this.#limits.elapsedMs) return this.#fail('stalled', this.#elapsedMs())
    // Before the question: a thread that hangs outside of JavaScript does not answer it.
    this.#watch(run)
    const costMs = await this.#costMs()
    if (this.#run === run && costMs >= this.#limits.processorMs) this.#fail('overran', costMs)
  }

  /** What the job has used so far; 0 when the thread is gone, which tells itself. */
  async #costMs(): Promise<number> {
    const used = await this.#worker.cpuUsage().catch(() => undefined)
    return used === undefined ? 0 : (used.user + used.system) / 1000 - this.#usedMs
  }

  #elapsedMs(): number {
    return this.#run === undefined ? 0 : this.#clock.monotonic() - this.#run.startedMs
  }

  #answer({ verdict, transformed, processorMs, isFull }: Answer): void {
    const costMs = Math.max(0, processorMs - this.#usedMs)
    this.#usedMs = processorMs
    if (isFull) this.#isUsable = false
    this.#worker.unref()
    this.#settle({ type: 'answered', verdict, ...(transformed !== undefined && { transformed }), costMs })
  }

  #fail(type: 'overran' | 'stalled' | 'crashed', costMs: number): void {
    this.#isUsable = false
    this.#settle({ type, costMs })
  }

  #settle(end: RunEnd): void {
    const run = this.#run
    this.#run = undefined
    run?.cancelLook()
    run?.resolve(end)
  }
}
