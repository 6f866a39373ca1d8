import type { Quotas } from '../fairness/quotas.ts'
import { SharedRoom, type Taker } from '../fairness/shared-room.ts'
import type { InboxBounds } from './bounds.ts'
import type { NewEvent } from './port.ts'

/** What remembered ids may take of all bytes together. */
const idShare = 0.75
/** The smallest event that counts: if not even this fits for an object with nothing in the inbox, the inbox is full. */
const modestBytes = 4 * 1024
/**
 * A full inbox takes events again when an object with nothing in it could take this share of each bound, not with each
 * event that ends.
 */
const roomAgainShare = 0.01
const roomAgainModest = 4

/**
 * What an event takes besides its body and the texts that came with it; half of it for what its deliveries write, each.
 */
const eventOverheadBytes = 512
const deliveryOverheadBytes = 256

/**
 * What is given up because its owner is full may take so much more than the owner has. Little, because it is taken of
 * what is left for others of its namespace.
 */
const givenUpShare = 1 / 16

/**
 * What was delivered and is kept fills the inbox up to this share: well below where it counts as filling up, and so far
 * that what arrives between two looks has room.
 */
const filledByKept = 0.6

/** The name of what is in use without being charged to an object; no namespace can have it. */
const overhead: Taker = ['(overhead)']
const newcomer: Taker = ['(newcomer)', '(newcomer)']

/** What an event takes, from its arrival until it ends; its id stays for longer. */
export interface Charge {
  /** Of the event with its deliveries. */
  readonly bytes: number
  /** Of its id. */
  readonly idBytes: number
}

/** Pure: what the event is charged, roughly; what it takes more than that is told by `noteUsed`. */
export function chargedBytesOf(event: Pick<NewEvent, 'body'> & Texts): number {
  return event.sinks.length === 0 ? 0 : overheadOf(event) + event.body.length
}

type Texts = Pick<NewEvent, 'signature' | 'contentType' | 'trace' | 'sinks'>

export function overheadOf({ signature, contentType, trace = '', sinks }: Texts): number {
  const textBytes = signature.length + contentType.length + trace.length
  return eventOverheadBytes + textBytes + sinks.length * deliveryOverheadBytes
}

/** `ownerFull`: it could take more if older ones made room; `idsFull`: they could not, because ids outlive them. */
export type GivenUpRefusal = 'ownerFull' | 'idsFull' | 'inboxFull'

export type RoomsBounds = Pick<InboxBounds, 'maxBytes' | 'maxEvents' | 'maxDeadLetters'>

/** What the namespace that has most has of each total, 0 to 1. */
export type LargestShares = Readonly<Record<'events' | 'bytes' | 'ids', number>>

/**
 * How much of the inbox each namespace has, and in it each object, and how much more it may take. One that has used its
 * share is refused alone; part of the remaining room is always left for those that have less. Ids have a bound of their
 * own, so that they never take what events need.
 */
export class InboxRooms {
  readonly events: SharedRoom
  readonly deadLetters: SharedRoom
  /** Bytes of events that were delivered and are kept: charged to nobody, and the first to go. */
  readonly kept: SharedRoom
  readonly #bytes: SharedRoom
  readonly #ids: SharedRoom
  readonly #bounds: RoomsBounds
  readonly #idBytes: number
  /** In use and charged to nobody. */
  #overhead = 0

  /** `bounds` may change later. `idBytes`: what an id takes, about. */
  constructor(bounds: RoomsBounds, quotas: Quotas, idBytes: number) {
    this.#bounds = bounds
    this.#idBytes = idBytes
    const room = (totalOf: () => number) =>
      new SharedRoom({
        get total() {
          return totalOf()
        },
        weightOf: (namespace) => quotas.weightOf(namespace),
        maxShareOf: (namespace) => quotas.maxShareOf(namespace),
      })
    this.events = room(() => bounds.maxEvents)
    this.deadLetters = room(() => bounds.maxDeadLetters)
    this.kept = room(() => bounds.maxBytes)
    this.#bytes = room(() => bounds.maxBytes)
    this.#ids = room(() => bounds.maxBytes * idShare)
  }

  addBytes(taker: Taker, bytes: number): void {
    change(this.#bytes, taker, bytes)
  }

  /** Ids count as bytes too. */
  addIdBytes(taker: Taker, bytes: number): void {
    change(this.#bytes, taker, bytes)
    change(this.#ids, taker, bytes)
  }

  addEvents(taker: Taker, events: number): void {
    change(this.events, taker, events)
  }

  addKept(taker: Taker, bytes: number): void {
    change(this.kept, taker, bytes)
  }

  /**
   * Who has to lose something that is kept: this object, where it has too much together with what it is charged, or
   * whoever has most, where all together have. `keeper`, `taker`: its names among what is kept and among what is
   * charged.
   */
  overKept({ keeper, taker }: { keeper: Taker; taker: Taker }, ownerShare: number): Taker | undefined {
    const most = this.#bounds.maxBytes * filledByKept
    const own = this.kept.usedBy(keeper)
    if (own > 0 && own + this.#bytes.usedBy(taker) > most * ownerShare) return keeper
    return this.kept.used > 0 && this.kept.used + this.#bytes.used > most ? this.kept.heaviest() : undefined
  }

  addDeadLetters(taker: Taker, count: number): void {
    change(this.deadLetters, taker, count)
  }

  /** How much is really in use. What is more than was charged takes from what is left for all. */
  noteUsed(bytes: number): void {
    const found = Math.max(0, bytes - this.kept.used - (this.#bytes.used - this.#overhead))
    change(this.#bytes, overhead, found - this.#overhead)
    this.#overhead = found
  }

  /** Why nothing more is taken of it; undefined when it may come. */
  refusalOf(taker: Taker, charge: Charge): 'ownerFull' | 'inboxFull' | undefined {
    if (this.#fits(taker, charge.bytes === 0 ? 0 : 1, charge)) return undefined
    return this.#isFull ? 'inboxFull' : 'ownerFull'
  }

  /**
   * The same of what is given up from the beginning: it may take a little more, of what is left for others of its
   * namespace, and nothing of what is left for other namespaces.
   */
  refusalOfGivenUp(taker: Taker, { bytes, idBytes }: Charge): GivenUpRefusal | undefined {
    const [namespace] = taker
    const freeOf = (room: SharedRoom) =>
      Math.min(room.freeFor([namespace]), room.freeFor(taker) + givenUpShare * room.usedBy(taker))
    const isIdRefused = idBytes > freeOf(this.#ids)
    const isBodyRefused = (bytes > 0 && freeOf(this.events) < 1) || bytes + idBytes > freeOf(this.#bytes)
    if (!isIdRefused && !isBodyRefused) return undefined
    if (this.#isFull) return 'inboxFull'
    return isIdRefused ? 'idsFull' : 'ownerFull'
  }

  largestShares(): LargestShares {
    const [nobody] = overhead
    return {
      events: this.events.largestShare(),
      bytes: this.#bytes.largestShare(nobody),
      ids: this.#ids.largestShare(),
    }
  }

  /** There is room for more than an event or two of an object with nothing in the inbox. */
  get hasRoom(): boolean {
    const { maxBytes, maxEvents } = this.#bounds
    const bytes = Math.max(roomAgainModest * modestBytes, maxBytes * roomAgainShare)
    const events = Math.max(1, maxEvents * roomAgainShare)
    return this.#fits(newcomer, events, { bytes, idBytes: roomAgainModest * this.#idBytes })
  }

  /** An event would be refused even of an object with nothing in the inbox. */
  get #isFull(): boolean {
    return !this.#fits(newcomer, 1, { bytes: modestBytes, idBytes: this.#idBytes })
  }

  #fits(taker: Taker, events: number, { bytes, idBytes }: Charge): boolean {
    return (
      (events === 0 || events <= this.events.freeFor(taker)) &&
      bytes + idBytes <= this.#bytes.freeFor(taker) &&
      idBytes <= this.#ids.freeFor(taker)
    )
  }
}

/** Pure: one object would have more than the most that one may have. */
export function isOverOwnerShare(
  has: { events: number; bodyBytes: number },
  moreBytes: number,
  { maxBytes, maxEvents, ownerShare }: Pick<InboxBounds, 'maxBytes' | 'maxEvents' | 'ownerShare'>,
): boolean {
  return has.events >= maxEvents * ownerShare || has.bodyBytes + moreBytes > maxBytes * ownerShare
}

/** Pure: the same of what is given up from the beginning, which may take a little more. */
export function isOverGivenUpShare(
  has: { events: number; bodyBytes: number },
  moreBytes: number,
  { maxBytes, maxEvents, ownerShare }: Pick<InboxBounds, 'maxBytes' | 'maxEvents' | 'ownerShare'>,
): boolean {
  return isOverOwnerShare(has, moreBytes, { maxBytes, maxEvents, ownerShare: ownerShare * (1 + givenUpShare) })
}

function change(room: SharedRoom, taker: Taker, by: number): void {
  if (by > 0) room.take(taker, by)
  else if (by < 0) room.give(taker, -by)
}
