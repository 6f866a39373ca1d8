import { recognitionOf } from '../recognition.ts'
import { closedRecord } from './append-event.ts'
import type { DeletionQueue } from './deletion-queue.ts'
import { refreshEvent } from './refresh.ts'
import type { SharedDeps } from './shared-deps.ts'
import { isOver, type TrackedDelivery, type TrackedEvent } from './tracked.ts'
import { isForRoutes } from './write-lines.ts'
import { countsOf, fullError, writeState } from './write-state.ts'

/** An event of which something ends now. */
interface Ending {
  /** Who looks at it: it is the same for all of them. */
  users: number
  /** Deliveries that have ended and of which nothing is written yet. */
  readonly ready: Set<TrackedDelivery>
  /** Those who wait for others to end, each with what wakes it up. */
  readonly waiting: Set<() => void>
  /** While the body is replaced by the memory of the id. */
  closing?: Promise<void>
}

interface EventEndsOptions {
  readonly deletions: Pick<DeletionQueue, 'add'>
  /** How long an end for which nobody waits may wait for the others of its event, milliseconds. */
  readonly waitMs: number
}

/**
 * Ends deliveries, and an event with its last one. The end of an event says that of all its deliveries: where the
 * others are under way, one that has ended waits a moment for them, and one write stands for all. An end that is lost
 * meanwhile repeats an attempt.
 */
export class EventEnds {
  readonly #deps: SharedDeps
  readonly #options: EventEndsOptions
  readonly #endings = new Map<TrackedEvent, Ending>()

  constructor(deps: SharedDeps, options: EventEndsOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Resolves when it is durable, or known to be changed by another receiver. `soon`: nobody waits for it. */
  end(delivery: TrackedDelivery, when: 'now' | 'soon'): Promise<void> {
    const { event } = delivery
    return this.#using(event, async (ending) => {
      ending.ready.add(delivery)
      try {
        if (when === 'soon' && this.#endsSoon(ending, event)) await this.#othersEnd(ending)
        if (ending.closing === undefined && !areOver(event, ending)) {
          ending.ready.delete(delivery)
          if (!(await writeState(this.#deps, delivery, { ...countsOf(this.#deps, delivery), state: 'ended' }))) return
        }
        await this.#closeIfOver(event, ending)
      } finally {
        ending.ready.delete(delivery)
      }
    })
  }

  /**
   * For when the last word came otherwise: from another receiver, as two that each ended one of the last deliveries may
   * both have missed that it was the last, or because a dead letter was dropped.
   */
  closeIfOver(event: TrackedEvent): Promise<void> {
    return this.#using(event, (ending) => this.#closeIfOver(event, ending))
  }

  async #using(event: TrackedEvent, act: (ending: Ending) => Promise<void>): Promise<void> {
    const ending = this.#endings.get(event) ?? { users: 0, ready: new Set(), waiting: new Set() }
    this.#endings.set(event, ending)
    ending.users += 1
    try {
      await act(ending)
    } finally {
      ending.users -= 1
      if (ending.users === 0) this.#endings.delete(event)
    }
  }

  /** One write at a time, and none when the news of it came first: a second one would only be refused. */
  async #closeIfOver(event: TrackedEvent, ending: Ending): Promise<void> {
    if (ending.closing === undefined && (!areOver(event, ending) || this.#deps.ledger.event(event.key) !== event))
      return
    ending.closing ??= this.#writeClosed(event).finally(() => delete ending.closing)
    for (const wake of ending.waiting) wake()
    await ending.closing
  }

  /** Whether all that has not ended is under way. */
  #endsSoon({ ready }: Ending, { deliveries }: TrackedEvent): boolean {
    const others = [...deliveries.values()].filter((other) => !isOver(other) && !ready.has(other))
    return this.#options.waitMs > 0 && others.length > 0 && others.every(({ state }) => state.type === 'claimed')
  }

  /** Resolves when the event is over, or enough time has passed. */
  #othersEnd({ waiting }: Ending): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => {
      cancel()
      waiting.delete(wake)
      resolve()
    }
    const cancel = this.#deps.clock.after(this.#options.waitMs, wake)
    waiting.add(wake)
    return promise
  }

  /** Replaces the body by the memory of the id, then clears away the event's deliveries. */
  async #writeClosed(event: TrackedEvent): Promise<void> {
    const { store, subjects, ledger, clock, bounds } = this.#deps
    const touched = [...event.deliveries.values()].map(({ seq }) => seq).filter((seq) => seq > 0)
    const closed = closedRecord(clock.now(), recognitionOf(event, bounds))
    const written = { expectSeq: event.seq, ...closed, isForRoutes: isForRoutes(event.account.owner) }
    const result = await store.put({ subject: subjects.event(event.key), ...written })
    if (result.type === 'full') throw fullError()
    if (result.type === 'conflict') {
      await refreshEvent(this.#deps, event.key)
      return
    }
    const { forgetAtMs } = closed.record
    ledger.close(event.key, { seq: result.seq, forgetAtMs, nowMs: clock.now(), from: 'us' })
    this.#options.deletions.add(touched)
  }
}

function areOver({ deliveries }: TrackedEvent, { ready }: Ending): boolean {
  return [...deliveries.values()].every((delivery) => isOver(delivery) || ready.has(delivery))
}
