/** Longer strings are as good as never equal, and comparing them costs. */
const longestShared = 128
const defaultMaxStrings = 2_000

/**
 * Lets equal strings of many objects be one. A parser makes each of them anew: a thousand objects hold a thousand
 * copies of every condition's type, reason and message. Bounded: when it is full it starts afresh, and what recurs is
 * soon there again.
 */
export class StringPool {
  readonly #strings = new Map<string, string>()
  readonly #maxStrings: number

  constructor(maxStrings = defaultMaxStrings) {
    this.#maxStrings = maxStrings
  }

  get size(): number {
    return this.#strings.size
  }

  /**
   * Replaces strings within a value fresh from a parser, in place and at any depth, by equal ones known before; returns
   * the value.
   */
  shareWithin<T>(value: T): T {
    if (typeof value !== 'object' || value === null) return value
    const members = value as Record<string, unknown>
    for (const key in members) {
      const member = members[key]
      if (typeof member !== 'string') this.shareWithin(member)
      else if (member.length <= longestShared) members[key] = this.#share(member)
    }
    return value
  }

  #share(text: string): string {
    const known = this.#strings.get(text)
    if (known !== undefined) return known
    if (this.#strings.size >= this.#maxStrings) this.#strings.clear()
    this.#strings.set(text, text)
    return text
  }
}
