import type { Clock } from '../clock.ts'

/**
 * Wakes one waiter. A ring while nobody waits is remembered, so that nothing that happened during the work goes
 * unnoticed.
 */
export class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Resolves at the next ring (at once when it has rung since the last wait) or after `maxMs`. */
  wait(clock: Clock, maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel()
        this.#wake = undefined
        this.#rung = false
        resolve()
      }
      const cancel = clock.after(maxMs, wake)
      this.#wake = wake
      if (this.#rung) wake()
    })
  }
}
