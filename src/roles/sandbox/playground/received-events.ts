import type { ReceivedEvent } from '../../../../playground/sample-worker.ts'
import type { Clock } from '../../../clock.ts'
import type { ReceivedByWorker } from '../../../contract/playground/answers.ts'

const maxKept = 100

/** What the worker accepted, with the time at which it did. */
export class ReceivedEvents {
  readonly #clock: Clock
  #kept: ReceivedByWorker[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add({ id: eventId, type, subject, extensions, repeated }: ReceivedEvent): void {
    const receivedAt = new Date(this.#clock.now()).toISOString()
    const event = { eventId, type, ...(subject !== undefined && { subject }), receivedAt, extensions, repeated }
    this.#kept = [event, ...this.#kept.slice(0, maxKept - 1)]
  }

  newestFirst(): readonly ReceivedByWorker[] {
    return this.#kept
  }
}
