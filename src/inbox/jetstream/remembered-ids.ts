import type { Taker } from '../../fairness/shared-room.ts'
import { DueQueue } from '../due-queue.ts'
import type { InboxRooms } from '../rooms.ts'

const minuteMs = 60_000
/**
 * What a message takes in the stream besides its subject: its headers with our record and its place in a batch, and
 * what the server adds. Measured.
 */
const messageBytes = 240

/** Ids of one object that are forgotten in the same minute. */
interface Batch {
  readonly taker: Taker
  count: number
  bytes: number
}

/** Pure: what the memory of an id takes in the stream. */
export function idBytesOf(subject: string): number {
  return messageBytes + subject.length
}

/** What an id takes where its names are of usual length. */
export const usualIdBytes = messageBytes + 128

/**
 * How many ids the stream remembers, by object: counted, and never listed, so that millions of them take no memory
 * here.
 */
export class RememberedIds {
  readonly #rooms: InboxRooms
  /** By minute and object. */
  readonly #batches = new Map<string, Batch>()
  readonly #ends = new DueQueue<string>()
  readonly #byNamespace = new Map<string, number>()
  #count = 0
  #bytes = 0

  constructor(rooms: InboxRooms) {
    this.#rooms = rooms
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  get byNamespace(): ReadonlyMap<string, number> {
    return this.#byNamespace
  }

  /** An id of a kept event came (1) or went (-1). */
  addOpen(taker: Taker, bytes: number, by: 1 | -1): void {
    this.#add(taker, by, by * bytes)
  }

  /** Counts from now on until then. */
  addUntil(taker: Taker, bytes: number, forgetAtMs: number): void {
    const minute = Math.ceil(forgetAtMs / minuteMs)
    const key = `${minute}/${taker.join('/')}`
    let batch = this.#batches.get(key)
    if (batch === undefined) {
      this.#batches.set(key, (batch = { taker, count: 0, bytes: 0 }))
      this.#ends.add(minute * minuteMs, key)
    }
    batch.count += 1
    batch.bytes += bytes
    this.#add(taker, 1, bytes)
  }

  /** No longer counts what is forgotten by now. */
  forget(nowMs: number): void {
    for (let first = this.#ends.first; first !== undefined && first.atMs <= nowMs; first = this.#ends.first) {
      this.#ends.take()
      const batch = this.#batches.get(first.item)
      this.#batches.delete(first.item)
      if (batch !== undefined) this.#add(batch.taker, -batch.count, -batch.bytes)
    }
  }

  #add(taker: Taker, count: number, bytes: number): void {
    this.#rooms.addIdBytes(taker, bytes)
    this.#count += count
    this.#bytes += bytes
    const [namespace] = taker
    const sum = (this.#byNamespace.get(namespace) ?? 0) + count
    if (sum === 0) this.#byNamespace.delete(namespace)
    else this.#byNamespace.set(namespace, sum)
  }
}
