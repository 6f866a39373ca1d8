import type { Quotas } from '../../fairness/quotas.ts'
import { AppendTurns } from '../append-turns.ts'
import type { FirstLeases, NewEvent } from '../port.ts'
import { packAppend } from './batch-codec.ts'
import type { Gathering, Waiting } from './gathering.ts'
import type { ItemAnswer } from './worker-protocol.ts'

/**
 * What one batch writes at most, in rows, and pages of bodies, which take about as long: some 50 ms. An append that
 * comes while it is written waits for it, and for the next one, and not for all that another sender has sent at once.
 */
export const maxBatchCost = 4_096

interface WaitingAppend {
  readonly waiting: Waiting<ItemAnswer>
  readonly leases: FirstLeases | undefined
}

/** Events that wait to be written, in turns. */
export class AppendLine {
  readonly #turns: AppendTurns<WaitingAppend>
  #size = 0

  constructor(quotas: Quotas) {
    this.#turns = new AppendTurns(quotas)
  }

  get size(): number {
    return this.#size
  }

  /** False: its owner has so much waiting that no more is taken of it. */
  add(event: NewEvent, waiting: Waiting<ItemAnswer>, leases?: FirstLeases): boolean {
    const isTaken = this.#turns.add(event, { waiting, leases })
    if (isTaken) this.#size += 1
    return isTaken
  }

  /** Adds those whose turn it is to the next batch. */
  moveTo(gathering: Gathering): void {
    for (let cost = 0; cost < maxBatchCost;) {
      const turn = this.#turns.next()
      if (turn === undefined) return
      const { event, waiting } = turn
      gathering.addItem((writer) => packAppend(writer, event, waiting.leases), waiting.waiting)
      this.#size -= 1
      cost += turn.cost
    }
  }
}
