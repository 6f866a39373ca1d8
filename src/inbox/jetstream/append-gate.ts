import type { Quotas } from '../../fairness/quotas.ts'
import { AppendTurns } from '../append-turns.ts'
import type { NewEvent } from '../port.ts'
import { isForRoutes } from './write-lines.ts'

/**
 * What is on its way to the server at the same time, in rows and pages of bodies: a hundred small events and more, or 2
 * MiB. One connection carries them all in their order, so the next append waits for these, and not for all that another
 * sender has sent at once.
 */
const maxCostUnderWay = 512

/** Lets events through to the server in turns: namespaces by what their events cost, in each its objects. */
export class AppendGate {
  /** Called with the cost of the event when its turn comes. */
  readonly #turns: AppendTurns<(cost: number) => void>
  #costUnderWay = 0

  constructor(quotas: Quotas) {
    this.#turns = new AppendTurns(quotas)
  }

  /**
   * Calls `write` when the event's turn has come; `ownerBusy`: its owner has so much waiting that no more is taken of
   * it.
   */
  async write<T>(event: NewEvent, write: () => Promise<T>): Promise<T | 'ownerBusy'> {
    const { promise: turn, resolve } = Promise.withResolvers<number>()
    if (!this.#turns.add(event, resolve)) return 'ownerBusy'
    this.#letThrough()
    const cost = await turn
    try {
      return await write()
    } finally {
      this.#costUnderWay -= cost
      this.#letThrough()
    }
  }

  #letThrough(): void {
    while (this.#costUnderWay < maxCostUnderWay) {
      const next = this.#turns.next()
      if (next === undefined) return
      this.#costUnderWay += next.cost
      next.waiting(next.cost)
    }
  }
}

/** A gate for what senders wait for, and one for the copies that routes get, which keep no sender waiting. */
export class AppendGates {
  readonly #senders: AppendGate
  readonly #copies: AppendGate

  constructor(quotas: Quotas) {
    this.#senders = new AppendGate(quotas)
    this.#copies = new AppendGate(quotas)
  }

  /** By the promises of the gate that the event has. */
  write<T>(event: NewEvent, write: () => Promise<T>): Promise<T | 'ownerBusy'> {
    return (isForRoutes(event.owner) ? this.#copies : this.#senders).write(event, write)
  }
}
