import type { Clock } from '../clock.ts'
import type { AppendResult, Inbox, NewEvent } from '../inbox/port.ts'

export type BoundedAppendResult = AppendResult | 'timeout' | 'unavailable'

export interface AppendHandlers {
  /** Exactly once, at the latest when the bound has passed. `fault` is what made the inbox unavailable. */
  answer: (result: BoundedAppendResult, fault?: unknown) => void
  /** Exactly once, when the inbox has settled the append: perhaps long after the answer. */
  settled: (result: AppendResult | 'unavailable') => void
}

/**
 * How far a bound may be overrun. One timer for all appends: a timer per request is measurable at thousands a second.
 */
const sweepMs = 100

/** Appends that are answered in time even when the inbox is not. */
export class BoundedAppend {
  readonly #inbox: Pick<Inbox, 'append'>
  readonly #clock: Clock
  readonly #boundMs: number
  /** Oldest deadline first, since the bound is the same for all. */
  readonly #waiting = new WaitingLine()
  #isSweeping = false

  constructor(inbox: Pick<Inbox, 'append'>, clock: Clock, boundMs: number) {
    this.#inbox = inbox
    this.#clock = clock
    this.#boundMs = boundMs
  }

  append(event: NewEvent, { answer, settled }: AppendHandlers): void {
    const waiting = this.#waiting.join(this.#clock.monotonic() + this.#boundMs, answer)
    if (!this.#isSweeping) this.#sweepLater()
    const end = (result: AppendResult | 'unavailable', fault?: unknown) => {
      this.#waiting.leave(waiting)?.(result, fault)
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
      for (
        let first = this.#waiting.first;
        first !== undefined && first.deadlineMs <= nowMs;
        first = this.#waiting.first
      ) {
        this.#waiting.leave(first)?.('timeout')
      }
      this.#isSweeping = false
      if (this.#waiting.first !== undefined) this.#sweepLater()
    })
  }
}

interface Waiting {
  readonly deadlineMs: number
  answer: AppendHandlers['answer'] | undefined
  previous: Waiting | undefined
  next: Waiting | undefined
}

/**
 * A doubly linked list whose members are cleared when they leave. A Set would do, but its discarded tables keep what
 * was in them: with thousands of joins and leaves a second most requests then live until the next full garbage
 * collection, and pauses of 2 ms become 20 ms.
 */
class WaitingLine {
  #first: Waiting | undefined
  #last: Waiting | undefined

  get first(): Waiting | undefined {
    return this.#first
  }

  join(deadlineMs: number, answer: AppendHandlers['answer']): Waiting {
    const waiting: Waiting = { deadlineMs, answer, previous: this.#last, next: undefined }
    if (this.#last === undefined) this.#first = waiting
    else this.#last.next = waiting
    this.#last = waiting
    return waiting
  }

  /** What to call; undefined when it has left before. */
  leave(waiting: Waiting): AppendHandlers['answer'] | undefined {
    const { answer, previous, next } = waiting
    if (answer === undefined) return undefined
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    waiting.answer = waiting.previous = waiting.next = undefined
    return answer
  }
}
