import type { Clock } from '../clock.ts'
import type { AppendResult, Inbox, NewEvent } from '../inbox/port.ts'

export type BoundedAppendResult = AppendResult | 'timeout' | 'unavailable'

interface Waiting {
  readonly deadlineMs: number
  readonly answer: AppendHandlers['answer']
}

export interface AppendHandlers {
  /** Exactly once, at the latest when the bound has passed. `fault` is what made the inbox unavailable. */
  answer: (result: BoundedAppendResult, fault?: unknown) => void
  /** Exactly once, when the inbox has spoken: perhaps long after the answer. */
  settled: (result: AppendResult | 'unavailable') => void
}

/** How far a bound may be overrun. One timer for all appends: a timer per request is measurable at thousands a second. */
const sweepMs = 100

/** Appends that are answered in time even when the inbox is not. */
export class BoundedAppend {
  readonly #inbox: Pick<Inbox, 'append'>
  readonly #clock: Clock
  readonly #boundMs: number
  /** In the order of their deadlines, since the bound is the same for all. */
  readonly #waiting = new Set<Waiting>()
  #isSweeping = false

  constructor(inbox: Pick<Inbox, 'append'>, clock: Clock, boundMs: number) {
    this.#inbox = inbox
    this.#clock = clock
    this.#boundMs = boundMs
  }

  append(event: NewEvent, { answer, settled }: AppendHandlers): void {
    const waiting: Waiting = { deadlineMs: this.#clock.monotonic() + this.#boundMs, answer }
    this.#waiting.add(waiting)
    if (!this.#isSweeping) this.#sweepLater()
    const end = (result: AppendResult | 'unavailable', fault?: unknown) => {
      if (this.#waiting.delete(waiting)) answer(result, fault)
      settled(result)
    }
    try {
      this.#inbox.append(event).then(end, (error: unknown) => end('unavailable', error))
    } catch (error) {
      end('unavailable', error)
    }
  }

  #sweepLater(): void {
    this.#isSweeping = true
    this.#clock.after(sweepMs, () => {
      const nowMs = this.#clock.monotonic()
      for (const waiting of this.#waiting) {
        if (waiting.deadlineMs > nowMs) break
        this.#waiting.delete(waiting)
        waiting.answer('timeout')
      }
      this.#isSweeping = false
      if (this.#waiting.size > 0) this.#sweepLater()
    })
  }
}
