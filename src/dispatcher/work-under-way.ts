import { sleep, type Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'

/** What runs in the background and must have ended before the process does. */
export class WorkUnderWay {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #running = new Set<Promise<unknown>>()

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock
    this.#logger = logger
  }

  /** Whatever runs here deals with its own errors; one that does not is told. */
  track(work: Promise<unknown>): void {
    const tracked: Promise<unknown> = work
      .catch((error: unknown) => this.#logger.error({ error }, 'dispatcher.fault'))
      .finally(() => this.#running.delete(tracked))
    this.#running.add(tracked)
  }

  /** False: something still ran when the time, in milliseconds, was over. */
  async idleWithin(timeoutMs: number): Promise<boolean> {
    const giveUp = new AbortController()
    const timeout = sleep(this.#clock, timeoutMs, giveUp.signal).then(() => false)
    const idle = this.#untilIdle(giveUp.signal).then(() => true)
    const isIdle = await Promise.race([idle, timeout])
    giveUp.abort()
    return isIdle
  }

  async #untilIdle(giveUp: AbortSignal): Promise<void> {
    while (this.#running.size > 0 && !giveUp.aborted) await Promise.all(this.#running)
  }
}
