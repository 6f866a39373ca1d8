/**
 * The first `count` of what is added, by `compare`, whatever the order in which it comes: no more than twice as many
 * are held, and sorting costs what these cost.
 */
export class TopOf<Item> {
  readonly #count: number
  readonly #compare: (a: Item, b: Item) => number
  readonly #held: Item[] = []
  /** What comes behind it is none of the first. */
  #last: Item | undefined

  constructor(count: number, compare: (a: Item, b: Item) => number) {
    this.#count = count
    this.#compare = compare
  }

  add(item: Item): void {
    if (this.#last !== undefined && this.#compare(this.#last, item) < 0) return
    this.#held.push(item)
    if (this.#held.length >= 2 * this.#count) this.#cut()
  }

  inOrder(): readonly Item[] {
    this.#cut()
    return this.#held
  }

  #cut(): void {
    this.#held.sort(this.#compare)
    if (this.#held.length < this.#count) return
    this.#held.length = this.#count
    this.#last = this.#held[this.#count - 1]
  }
}
