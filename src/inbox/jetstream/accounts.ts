import type { Taker } from '../../fairness/shared-room.ts'
import { DueQueue } from '../due-queue.ts'
import type { InboxOwner } from '../port.ts'
import { usageByNamespace, type NamespaceUsage } from '../usage.ts'
import type { Account, Lane } from './tracked.ts'

/** The objects that have anything in the inbox, and their lanes: made where missing, gone with what they held last. */
export class Accounts {
  readonly #accounts = new Map<string, Account>()
  readonly #lanes = new Map<string, Lane>()

  get all(): Iterable<Account> {
    return this.#accounts.values()
  }

  get lanes(): Iterable<Lane> {
    return this.#lanes.values()
  }

  find(owner: InboxOwner): Account | undefined {
    return this.#accounts.get(keyOf(owner))
  }

  /** By the second part of its `taker`. */
  findTaker(key: string): Account | undefined {
    return this.#accounts.get(key)
  }

  findLane(owner: InboxOwner, sink: string): Lane | undefined {
    return this.#lanes.get(laneIdOf(owner, sink))
  }

  accountOf(owner: InboxOwner): Account {
    const key = keyOf(owner)
    const known = this.#accounts.get(key)
    if (known !== undefined) return known
    const taker: Taker = [owner.namespace, key]
    const account: Account = {
      owner,
      taker,
      events: 0,
      bodyBytes: 0,
      pending: 0,
      deadLetters: new Set(),
      kept: new Set(),
    }
    this.#accounts.set(key, account)
    return account
  }

  laneOf({ owner }: Account, sink: string): Lane {
    const id = laneIdOf(owner, sink)
    const known = this.#lanes.get(id)
    if (known !== undefined) return known
    const lane: Lane = {
      id,
      key: `${owner.uid}/${sink}`,
      ownerUid: owner.uid,
      namespace: owner.namespace,
      sink,
      pending: new Set(),
      deadLetters: 0,
      due: new DueQueue(),
      members: 0,
    }
    this.#lanes.set(id, lane)
    return lane
  }

  /** After something was taken away from it. */
  forgetIfEmpty({ owner, events, kept }: Account): void {
    if (events === 0 && kept.size === 0) this.#accounts.delete(keyOf(owner))
  }

  forgetLaneIfEmpty({ id, members }: Lane): void {
    if (members === 0) this.#lanes.delete(id)
  }

  /** Namespaces with what they have, and with the ids that are remembered for them. */
  usage(idsByNamespace: ReadonlyMap<string, number>): Map<string, NamespaceUsage> {
    const objects = [...this.#accounts.values()].map(({ owner, events, bodyBytes, deadLetters }) => ({
      namespace: owner.namespace,
      events,
      bodyBytes,
      deadLetters: deadLetters.size,
      rememberedIds: 0,
    }))
    const ids = [...idsByNamespace].map(([namespace, rememberedIds]) => {
      return { namespace, events: 0, bodyBytes: 0, deadLetters: 0, rememberedIds }
    })
    return usageByNamespace([...objects, ...ids])
  }
}

function keyOf({ uid, namespace, name }: InboxOwner): string {
  return `${uid}/${namespace}/${name}`
}

function laneIdOf(owner: InboxOwner, sink: string): string {
  return `${keyOf(owner)}/${sink}`
}
