import { ByteWriter } from './byte-codec.ts'
import type { Call, CallResult, ItemAnswer, ToWorker } from './worker-protocol.ts'

export interface Waiting<T> {
  resolve: (value: T) => void
  reject: (error: Error) => void
}

/** Who waits for a batch, in the order of what it holds. */
export interface Waiters {
  items: Waiting<ItemAnswer>[]
  calls: Waiting<CallResult>[]
}

export interface Batch {
  message: Extract<ToWorker, { type: 'batch' }>
  transfer: ArrayBuffer[]
  waiters: Waiters
}

/** So many records that may wait go all the same: each holds a place, and the body of its event. */
const maxPatient = 64

/** What has arrived for the next batch. */
export class Gathering {
  readonly #writer = new ByteWriter()
  #items: Waiting<ItemAnswer>[] = []
  #calls: (Waiting<CallResult> & { call: Call })[] = []
  #isUrgent = false

  get isEmpty(): boolean {
    return this.#items.length === 0 && this.#calls.length === 0
  }

  /** It holds something that cannot wait for other writes. */
  get isUrgent(): boolean {
    return this.#isUrgent
  }

  /** `soon`: it may wait for other writes. */
  addItem(pack: (writer: ByteWriter) => void, waiting: Waiting<ItemAnswer>, when: 'now' | 'soon' = 'now'): void {
    pack(this.#writer)
    this.#items.push(waiting)
    if (when === 'now' || this.#items.length >= maxPatient) this.#isUrgent = true
  }

  addCall(call: Call, waiting: Waiting<CallResult>): void {
    this.#calls.push({ call, ...waiting })
    this.#isUrgent = true
  }

  /** What it holds has waited for long enough. */
  hurry(): void {
    this.#isUrgent = !this.isEmpty
  }

  /** The batch, and who waits for it; the next one begins empty. */
  take(nowMs: number): Batch {
    const waiters = { items: this.#items, calls: this.#calls }
    const calls = this.#calls.map(({ call }) => call)
    const items = this.#writer.take()
    this.#items = []
    this.#calls = []
    this.#isUrgent = false
    return { message: { type: 'batch', items, calls, nowMs }, transfer: [items.buffer], waiters }
  }
}
