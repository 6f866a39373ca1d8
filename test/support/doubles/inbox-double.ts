import type { AppendResult, Inbox, InboxObstacle, NewEvent } from '../../../src/inbox/port.ts'

type Script = AppendResult | Error | 'never' | ((event: NewEvent) => Promise<AppendResult>)

/**
 * An inbox that only appends, and only as often as the test has scripted: an append that nobody expected fails loudly.
 */
export class InboxDouble implements Pick<Inbox, 'append' | 'obstacle'> {
  obstacle: InboxObstacle | undefined
  readonly appended: NewEvent[] = []
  readonly #script: Script[] = []

  /** What the next appends do, in order. `never` leaves the promise open. */
  willAnswer(...script: Script[]): this {
    this.#script.push(...script)
    return this
  }

  append(event: NewEvent): Promise<AppendResult> {
    const next = this.#script.shift()
    if (next === undefined) throw new Error(`unscripted append of ${event.eventId}`)
    this.appended.push(event)
    if (next === 'never') return new Promise(() => {})
    if (next instanceof Error) return Promise.reject(next)
    return typeof next === 'function' ? next(event) : Promise.resolve(next)
  }

  /** Every scripted append has happened. */
  get isSpent(): boolean {
    return this.#script.length === 0
  }
}
