import type { Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'
import type { InboxObstacle } from './port.ts'

/**
 * How long after the last refusal an obstacle stays at least: readiness that flutters sends events to where they are
 * refused.
 */
const firstSettleMs = 10_000
/** An obstacle that is back as soon as events come again stays twice as long each time, up to this. */
const longestSettleMs = 60_000

/**
 * Whether an inbox takes events, as its driver learns it: from what was refused, and from looks at what it writes to.
 */
export class Admission {
  readonly #clock: Clock
  readonly #logger: Logger
  #obstacle: InboxObstacle | undefined
  #refusedMs = -Infinity
  #clearedMs = -Infinity
  #settleMs = firstSettleMs

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock
    this.#logger = logger
  }

  get obstacle(): InboxObstacle | undefined {
    return this.#obstacle
  }

  /** Something was refused, or is known to be. */
  block(obstacle: InboxObstacle): void {
    const nowMs = this.#clock.monotonic()
    if (this.#obstacle === undefined) {
      const isBack = nowMs - this.#clearedMs < longestSettleMs
      this.#settleMs = isBack ? Math.min(this.#settleMs * 2, longestSettleMs) : firstSettleMs
    }
    if (obstacle !== this.#obstacle) this.#logger.error({ obstacle }, 'inbox.takes_nothing')
    this.#obstacle = obstacle
    this.#refusedMs = nowMs
  }

  /** A look found nothing in the way of events. */
  clear(): void {
    const nowMs = this.#clock.monotonic()
    if (this.#obstacle === undefined || nowMs - this.#refusedMs < this.#settleMs) return
    this.#obstacle = undefined
    this.#clearedMs = nowMs
    this.#logger.info({}, 'inbox.takes_again')
  }
}
