import { sleep, type Clock } from '../clock.ts'

/** After the work it rests this many times as long as it took, so that it has a tenth of the thread at most. */
const restFactor = 9
const maxRestMs = 1_000

/**
 * Does work that any number of callers share: once for all that called before it began, and never without a rest in
 * between. A caller gets a result that was begun after its call, so nothing is ever stale; a single caller does not
 * wait.
 */
export class SpacedWork<T> {
  readonly #work: () => Promise<T>
  readonly #clock: Clock
  /** The last one and its rest. */
  #rested: Promise<void> = Promise.resolve()
  #next: Promise<T> | undefined

  constructor(work: () => Promise<T>, clock: Clock) {
    this.#work = work
    this.#clock = clock
  }

  ask(): Promise<T> {
    this.#next ??= this.#rested.then(() => this.#begin())
    return this.#next
  }

  #begin(): Promise<T> {
    this.#next = undefined
    const startedMs = this.#clock.monotonic()
    const work = this.#work()
    const rest = () => sleep(this.#clock, Math.min((this.#clock.monotonic() - startedMs) * restFactor, maxRestMs))
    this.#rested = work.then(rest, rest)
    return work
  }
}
