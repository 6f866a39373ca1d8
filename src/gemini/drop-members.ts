const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

const nothing = Buffer.from('null')

/**
 * A JSON text in which the value of each member of one of these names, wherever it is, is `null`. The bytes pass by as
 * they come and nothing of what is dropped is kept, however long it is. A name is recognised as it is written, without
 * escapes. What is not JSON comes out as something that is none either, or as it was.
 */
export async function* dropMembers(
  json: AsyncIterable<Uint8Array>,
  names: ReadonlySet<string>,
): AsyncGenerator<Uint8Array> {
  const scan = new MemberScan(names)
  for await (const chunk of json) yield* scan.kept(chunk)
}

/** Where it stands between two chunks. */
class MemberScan {
  readonly #names: ReadonlySet<string>
  readonly #longestName: number
  #isInString = false
  #isEscaped = false
  /** The last string, as far as it can be one of the names. */
  #text = ''
  #isDropping = false
  /** Of lists and objects inside the value that is dropped. */
  #depth = 0

  constructor(names: ReadonlySet<string>) {
    this.#names = names
    this.#longestName = Math.max(...[...names].map(({ length }) => length))
  }

  *kept(chunk: Uint8Array): Iterable<Uint8Array> {
    let from = 0
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0
      if (this.#isInString) this.#string(byte)
      else if (byte === quote) this.#beginString()
      else if (this.#isDropping) {
        if (!this.#endsValue(byte)) continue
        this.#isDropping = false
        from = at
      } else if (byte === colon && this.#names.has(this.#text)) {
        this.#isDropping = true
        yield chunk.subarray(from, at + 1)
        yield nothing
      }
    }
    if (!this.#isDropping) yield chunk.subarray(from)
  }

  #beginString(): void {
    this.#isInString = true
    this.#text = ''
  }

  #string(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === backslash) this.#isEscaped = true
    else if (byte === quote) this.#isInString = false
    else if (this.#text.length <= this.#longestName) this.#text += String.fromCharCode(byte)
  }

  /** Whether the byte, which is in no string, is the first that does not belong to the value. */
  #endsValue(byte: number): boolean {
    if (byte === openBracket || byte === openBrace) this.#depth += 1
    else if (byte === comma) return this.#depth === 0
    else if (byte === closeBracket || byte === closeBrace) {
      if (this.#depth === 0) return true
      this.#depth -= 1
    }
    return false
  }
}
