import type { Quotas } from '../../fairness/quotas.ts'
import { AppendTurns } from '../append-turns.ts'
import type { FirstLeases, NewEvent } from '../port.ts'
import { packAppend } from './batch-codec.ts'
import { ByteWriter } from './byte-codec.ts'
import type { Batch, Waiting } from './gathering.ts'
import type { ItemAnswer } from './worker-protocol.ts'

/**
 * What one batch writes at most, in rows, and pages of bodies, which take about as long: some 50 ms. Whoever comes
 * while it is written waits for it, and for the next one, and not for all that somebody else has sent at once.
 */
export const maxBatchCost = 4_096

interface WaitingAppend {
  readonly waiting: Waiting<ItemAnswer>
  readonly leases: FirstLeases | undefined
}

/** Events that wait to be written, in turns. */
export class AppendLine {
  readonly #writer = new ByteWriter()
  readonly #turns: AppendTurns<WaitingAppend>

  constructor(quotas: Quotas) {
    this.#turns = new AppendTurns(quotas)
  }

  get isEmpty(): boolean {
    return this.#turns.isEmpty
  }

  /** False: its owner has so much waiting that no more is taken of it. */
  add(event: NewEvent, waiting: Waiting<ItemAnswer>, leases?: FirstLeases): boolean {
    return this.#turns.add(event, { waiting, leases })
  }

  /** The next batch, and who waits for it. */
  take(nowMs: number): Batch {
    const items: Waiting<ItemAnswer>[] = []
    for (let cost = 0; cost < maxBatchCost;) {
      const turn = this.#turns.next()
      if (turn === undefined) break
      packAppend(this.#writer, turn.event, turn.waiting.leases)
      items.push(turn.waiting.waiting)
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
