const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c

/**
 * etcd refuses objects above 1.5 MiB, and escaping makes more of them in JSON; what is longer is no object but a broken
 * server or proxy.
 */
const maxItemBytes = 16 * 1024 * 1024

/**
 * Reads the answer to a list as it comes: each item is parsed by itself and handed to `keep`, and only what that
 * returns is kept. So the memory that a list takes is one object and what is kept of all, however large a page is.
 * `rest` is the answer without its items. Throws SyntaxError on what is no JSON, and what `keep` throws.
 */
export async function readList<K>(
  body: AsyncIterable<Uint8Array>,
  keep: (item: unknown) => K,
): Promise<{ items: K[]; rest: unknown }> {
  const items: K[] = []
  const splitter = new ItemSplitter((text) => items.push(keep(JSON.parse(text))))
  for await (const chunk of body) splitter.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  return { items, rest: JSON.parse(splitter.rest()) }
}

/** Finds where the items of a list begin and end, without parsing anything. */
class ItemSplitter {
  readonly #onItem: (text: string) => void
  #depth = 0
  #isInString = false
  #isEscaped = false
  #isInItems = false
  /** Of the item under way, or of what is around the items. */
  #parts: Buffer[] = []
  #partBytes = 0
  /** Byte by byte: a character may be cut in two between chunks. */
  #rest = ''

  constructor(onItem: (text: string) => void) {
    this.#onItem = onItem
  }

  rest(): string {
    return Buffer.from(this.#rest, 'latin1').toString()
  }

  take(chunk: Buffer): void {
    let from = 0
    // Each is looked for again only where it has been passed: a string of backslashes would be searched to the end of
    // the chunk for each of them.
    let nextQuote = -1
    let nextBackslash = -1
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#isEscaped) {
        this.#isEscaped = false
        continue
      }
      if (this.#isInString) {
        // Strings are most of a large object, and finding their end by these two is much faster than looking at each
        // byte.
        if (nextQuote < at) nextQuote = indexOrEnd(chunk, quote, at)
        if (nextBackslash < at) nextBackslash = indexOrEnd(chunk, backslash, at)
        at = Math.min(nextQuote, nextBackslash)
        if (chunk[at] === quote) this.#isInString = false
        if (chunk[at] === backslash) this.#isEscaped = true
        continue
      }
      switch (chunk[at]) {
        case quote:
          this.#isInString = true
          break
        case openBracket:
        case openBrace:
          if (this.#depth === 1 && chunk[at] === openBracket) {
            this.#flush(chunk, from, at)
            from = at
            this.#isInItems = isItemsKey.test(this.#rest.slice(-64))
          }
          if (this.#isBetweenItems()) {
            this.#flush(chunk, from, at)
            from = at
          }
          this.#depth += 1
          break
        case closeBracket:
        case closeBrace:
          this.#depth -= 1
          if (this.#isBetweenItems()) {
            this.#onItem(this.#collect(chunk, from, at + 1))
            from = at + 1
          }
          if (this.#depth === 1) this.#isInItems = false
          break
        case comma:
          if (this.#isBetweenItems()) {
            this.#flush(chunk, from, at)
            from = at + 1
          }
          break
        default:
          break
      }
    }
    if (this.#isInItems && this.#depth > 2) this.#keepPart(chunk.subarray(from))
    else this.#flush(chunk, from, chunk.length)
  }

  #isBetweenItems(): boolean {
    return this.#isInItems && this.#depth === 2
  }

  #flush(chunk: Buffer, from: number, to: number): void {
    this.#rest += chunk.toString('latin1', from, to)
    if (this.#rest.length > maxItemBytes)
      throw new SyntaxError(`a list with more than ${maxItemBytes} bytes around its items`)
  }

  #collect(chunk: Buffer, from: number, to: number): string {
    this.#keepPart(chunk.subarray(from, to))
    const text = Buffer.concat(this.#parts).toString()
    this.#parts = []
    this.#partBytes = 0
    return text
  }

  #keepPart(part: Buffer): void {
    this.#partBytes += part.length
    if (this.#partBytes > maxItemBytes) throw new SyntaxError(`an item of a list with more than ${maxItemBytes} bytes`)
    this.#parts.push(part)
  }
}

const isItemsKey = /[{,]\s*"items"\s*:\s*$/

function indexOrEnd(chunk: Buffer, byte: number, from: number): number {
  const at = chunk.indexOf(byte, from)
  return at === -1 ? chunk.length : at
}
