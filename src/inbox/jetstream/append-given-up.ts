import { unreachable } from '../../unreachable.ts'
import type { AppendResult, DeadLetterReason, GivenUpResult, NewEvent } from '../port.ts'
import type { GivenUpRefusal } from '../rooms.ts'
import type { HowStored } from './append-event.ts'
import { makeRoom, noteDropped, trimDeadLetters } from './dead-letters.ts'
import type { EventEnds } from './event-ends.ts'
import type { SharedDeps } from './shared-deps.ts'

interface Appending {
  append(event: NewEvent, how: HowStored): Promise<AppendResult>
  /** Why there is no room for it as given up from the beginning; undefined when there is. */
  refusalOf(event: NewEvent): GivenUpRefusal | undefined
}

/**
 * Stores events whose deliveries are given up from the beginning, in one write each. Of one owner one at a time: each
 * looks at the room that the one before left.
 */
export class GivenUpAppender {
  readonly #deps: SharedDeps
  readonly #ends: EventEnds
  readonly #appending: Appending
  /** By the uid of the owner: the last of it. */
  readonly #underWay = new Map<string, Promise<unknown>>()

  constructor(deps: SharedDeps, ends: EventEnds, appending: Appending) {
    this.#deps = deps
    this.#ends = ends
    this.#appending = appending
  }

  append(event: NewEvent, reason: DeadLetterReason): Promise<GivenUpResult> {
    const { uid } = event.owner
    const appended = (this.#underWay.get(uid) ?? Promise.resolve()).then(() => this.#append(event, reason))
    const settled = appended
      .catch(() => undefined)
      .finally(() => {
        if (this.#underWay.get(uid) === settled) this.#underWay.delete(uid)
      })
    this.#underWay.set(uid, settled)
    return appended
  }

  async #append(event: NewEvent, reason: DeadLetterReason): Promise<GivenUpResult> {
    const how = { leases: new Map<string, number>(), reason }
    let result = await this.#appending.append(event, how)
    if (result === 'ownerFull' && (await this.#makeRoom(event))) result = await this.#appending.append(event, how)
    switch (result) {
      case 'inboxFull':
      case 'ownerBusy':
        return 'full'
      case 'ownerFull':
        noteDropped(this.#deps, event.owner, event.sinks.length)
        return 'dropped'
      case 'stored':
        await this.#trim(event)
        return result
      case 'duplicate':
        return result
      default:
        return unreachable(result)
    }
  }

  /** False when none was made. */
  async #makeRoom(event: NewEvent): Promise<boolean> {
    const needsRoom = () => this.#appending.refusalOf(event) === 'ownerFull'
    const account = this.#deps.ledger.account(event.owner)
    if (account === undefined || !needsRoom()) return false
    return makeRoom(this.#deps, this.#ends, { account, needsRoom })
  }

  async #trim({ owner, sinks }: NewEvent): Promise<void> {
    for (const _ of sinks) {
      const account = this.#deps.ledger.account(owner)
      if (account !== undefined) await trimDeadLetters(this.#deps, this.#ends, account)
    }
  }
}
