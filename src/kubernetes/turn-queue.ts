/**
 * A bounded queue that serves its parties by turns, each in the order in which it came. Where there is no room, the
 * party that has most loses its last item.
 */
export class TurnQueue<T> {
  readonly #max: number
  /** The next first. */
  readonly #lines = new Map<string, T[]>()
  #length = 0

  constructor(max: number) {
    this.#max = max
  }

  get length(): number {
    return this.#length
  }

  /** Returns the item that is dropped for it, if any: the last of the longest line. */
  push(party: string, item: T): T | undefined {
    const line = this.#lines.get(party)
    if (line === undefined) this.#lines.set(party, [item])
    else line.push(item)
    this.#length += 1
    if (this.#length <= this.#max) return undefined
    const [longest, items] = [...this.#lines].reduce((a, b) => (b[1].length > a[1].length ? b : a))
    if (items.length === 1) this.#lines.delete(longest)
    this.#length -= 1
    return items.pop()
  }

  shift(): T | undefined {
    const [next] = this.#lines
    if (next === undefined) return undefined
    const [party, line] = next
    const item = line.shift()
    this.#lines.delete(party)
    if (line.length > 0) this.#lines.set(party, line)
    this.#length -= 1
    return item
  }

  /** It waits no longer; without effect on what was taken already. */
  remove(party: string, item: T): void {
    const line = this.#lines.get(party) ?? []
    const at = line.indexOf(item)
    if (at < 0) return
    line.splice(at, 1)
    if (line.length === 0) this.#lines.delete(party)
    this.#length -= 1
  }

  has(item: T): boolean {
    return [...this.#lines.values()].some((line) => line.includes(item))
  }
}
