import { SharedRoom } from './shared-room.ts'

interface Entry<Value> {
  readonly namespace: string
  readonly value: Value
}

/**
 * A bounded cache: room is made by the longest unused entry of the namespace that has most, so that no namespace evicts
 * entries of others.
 */
export class SharedCache<Value> {
  readonly #total: number
  /** The longest unused first. */
  readonly #entries = new Map<string, Entry<Value>>()
  readonly #room: SharedRoom

  constructor(total: number) {
    this.#total = total
    this.#room = new SharedRoom({ total })
  }

  *values(): Generator<Value> {
    for (const { value } of this.#entries.values()) yield value
  }

  /** Used now, where it is known. */
  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** Adds an unknown key. Returns the entry that was removed for it. */
  add(namespace: string, key: string, value: Value): Value | undefined {
    this.#entries.set(key, { namespace, value })
    this.#room.take([namespace], 1)
    return this.#room.used > this.#total ? this.#dropOne() : undefined
  }

  #dropOne(): Value | undefined {
    const [heaviest] = this.#room.heaviest() ?? []
    const dropped = this.#entries.entries().find(([, { namespace }]) => namespace === heaviest)
    if (dropped === undefined) return undefined
    const [key, { namespace, value }] = dropped
    this.#entries.delete(key)
    this.#room.give([namespace], 1)
    return value
  }
}
