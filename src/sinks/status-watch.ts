/** What a status line may have before its code is read: more is no HTTP. */
const longestStart = 64
const carriageReturn = 13
const lineFeed = 10
const space = 32

type State = 'statusLine' | 'interimHead' | 'decided' | 'noHttp'

/**
 * Reads along for the one thing that decides an attempt: the code of the final status line. It counts as soon as it is
 * read, whatever follows or does not follow, and even if a parser rejects the rest: an event that was taken must not be
 * sent again because of a bad header. Interim answers (1xx but 101) are skipped, any number of them (RFC 9110, section
 * 15.2).
 */
export class StatusWatch {
  #state: State = 'statusLine'
  #line = ''
  #isUntouched = true
  #status: number | undefined

  /** undefined until the code has been read. */
  get status(): number | undefined {
    return this.#status
  }

  /** Nothing has come at all. */
  get isUntouched(): boolean {
    return this.#isUntouched
  }

  take(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#isUntouched = false
    for (const byte of chunk) {
      if (this.#state === 'decided' || this.#state === 'noHttp') return
      if (this.#state === 'statusLine') this.#takeStatusLine(byte)
      else this.#takeInterimHead(byte)
    }
  }

  #takeStatusLine(byte: number): void {
    if (this.#line === '' && (byte === carriageReturn || byte === lineFeed)) return // left over from the answer before
    this.#line += String.fromCharCode(byte)
    if (byte > space && this.#line.length <= longestStart) return // the code ends with white space
    const code = /^HTTP\/\d(?:\.\d)?[ \t]+(\d{3})\s$/.exec(this.#line)?.[1]
    if (code === undefined) {
      if (this.#line.length > longestStart || byte === lineFeed) this.#state = 'noHttp'
      return
    }
    const status = Number(code)
    const isInterim = status < 200 && status !== 101
    if (!isInterim) this.#status = status
    this.#state = isInterim ? 'interimHead' : 'decided'
    // Not empty until its end has come: only an empty line ends a head.
    this.#line = byte === lineFeed ? '' : ' '
  }

  #takeInterimHead(byte: number): void {
    if (byte === carriageReturn) return
    if (byte !== lineFeed) {
      this.#line = ' '
      return
    }
    if (this.#line === '') this.#state = 'statusLine'
    this.#line = ''
  }
}
