import type { Quotas } from '../fairness/quotas.ts'
import { SharedRoom } from '../fairness/shared-room.ts'

/** The object that a body is for. */
interface Owner {
  readonly namespace: string
  readonly uid: string
}

interface BodyBudgetOptions {
  readonly maxBytes: number
  /** What a namespace may hold whatever others do, as long as there is any room: one largest body. */
  readonly largestBodyBytes: number
  readonly quotas: Quotas
}

/** Of one endpoint. */
export interface OwnBudget {
  /** False, and nothing is counted, when the bytes do not fit. */
  take(bytes: number): boolean
  give(bytes: number): void
}

/**
 * Counts the body bytes that the process holds, from any sender, from the first byte read until the event is stored or
 * refused. Only what has really arrived is counted: reserving the announced length would let a few idle connections use
 * up the budget for nothing. Namespaces share it, and in them their objects, and what waits to be read counts as well,
 * so that a sender that stalls uploads to one endpoint, or sends it more than can be stored, takes little from the
 * others.
 */
export class BodyBudget {
  readonly #held: SharedRoom
  readonly #options: BodyBudgetOptions

  constructor(options: BodyBudgetOptions) {
    this.#options = options
    this.#held = new SharedRoom({ total: options.maxBytes, ...options.quotas })
  }

  get heldBytes(): number {
    return this.#held.used
  }

  of({ namespace, uid }: Owner): OwnBudget {
    const taker = [namespace, uid] as const
    const { maxBytes, largestBodyBytes } = this.#options
    return {
      take: (bytes) => {
        const isFirst = this.#held.usedBy([namespace]) + bytes <= largestBodyBytes
        const fits = this.#held.used + bytes <= maxBytes && (isFirst || this.#held.freeFor(taker) >= bytes)
        if (fits) this.#held.take(taker, bytes)
        return fits
      },
      give: (bytes) => {
        if (bytes > 0) this.#held.give(taker, bytes)
      },
    }
  }
}
