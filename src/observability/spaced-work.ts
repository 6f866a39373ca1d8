import { sleep, type Clock } from '../clock.ts'

/** After the work it rests this many times as long as it took, so that it has a tenth of the thread at most. */
const restFactor = 9
const maxRestMs = 1_000

/**
 * Does work that all who ask share, however many they are: once for everybody who came before it began, and never
 * without a rest in between. Who asks gets what was done after that, so nothing is ever stale; who asks alone does not
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
