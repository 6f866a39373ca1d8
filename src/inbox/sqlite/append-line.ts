import type { Quotas } from '../../fairness/quotas.ts'
import { AppendTurns } from '../append-turns.ts'
import type { NewEvent } from '../port.ts'
import { packAppend, type ItemResult } from './batch-codec.ts'
import { ByteWriter } from './byte-codec.ts'
import type { Batch, Waiting } from './gathering.ts'

/**
 * What one batch writes at most, in rows, and pages of bodies, which take about as long: some 50 ms. Whoever comes
 * while it is written waits for it, and for the next one, and not for all that somebody else has sent at once.
 */
export const maxBatchCost = 4_096

/** Events that wait to be written, in turns. */
export class AppendLine {
  readonly #writer = new ByteWriter()
  readonly #turns: AppendTurns<Waiting<ItemResult>>

  constructor(quotas: Quotas) {
    this.#turns = new AppendTurns(quotas)
  }

  get isEmpty(): boolean {
    return this.#turns.isEmpty
  }

  /** False: its owner has so much waiting that no more is taken of it. */
  add(event: NewEvent, waiting: Waiting<ItemResult>): boolean {
    return this.#turns.add(event, waiting)
  }

  /** The next batch, and who waits for it. */
  take(nowMs: number): Batch {
    const items: Waiting<ItemResult>[] = []
    for (let cost = 0; cost < maxBatchCost;) {
      const turn = this.#turns.next()
      if (turn === undefined) break
      packAppend(this.#writer, turn.event)
      items.push(turn.waiting)
      cost += turn.cost
    }
    const packed = this.#writer.take()
    return {
      message: { type: 'batch', items: packed, calls: [], nowMs },
      transfer: [packed.buffer],
      waiters: { items, calls: [] },
    }
  }
}
