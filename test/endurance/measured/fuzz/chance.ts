const poolLength = 4_096

/** Choices from one source of numbers in [0, 1). */
export class Chance {
  readonly #random: () => number
  readonly #pools = new Map<string, string>()

  constructor(random: () => number) {
    this.#random = random
  }

  /** 0 up to, without, `bound`. */
  below(bound: number): number {
    return Math.floor(this.#random() * bound)
  }

  /** `from` up to and with `to`. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  flip(): boolean {
    return this.#random() < 0.5
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }

  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, at: this.#random() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ item }) => item)
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }

  /**
   * Of these characters: a piece of a longer text that is drawn once, since a million requests need some 100 characters
   * each.
   */
  text(characters: string, length: number): string {
    const pool = this.#pools.get(characters) ?? this.#draw(characters)
    let text = ''
    while (text.length < length) {
      const from = this.below(poolLength)
      text += pool.slice(from, from + length - text.length)
    }
    return text
  }

  #draw(characters: string): string {
    const pool = Array.from({ length: poolLength }, () => characters[this.below(characters.length)]).join('')
    this.#pools.set(characters, pool)
    return pool
  }
}
