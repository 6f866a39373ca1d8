/** Of the head of an answer, with all interim answers before it: no ordinary answer needs that much. */
const maxHeadBytes = 16 * 1024
/** Of a whole answer, its framing included; beyond it the connection is closed. None of it is used. */
const maxAnswerBytes = 64 * 1024
/**
 * Headers, trailers, sizes of chunks: a parser goes to each of them, however short it is, so that bytes alone do not
 * say what an answer costs.
 */
const maxLines = 512
/** Each costs a turn of the event loop, be it one byte long. */
const maxPieces = 512
const lineFeed = 10

/** How much of one answer may be read: as it came over the wire, before any parser has seen it. */
export class AnswerRoom {
  #bytes = 0
  #lines = 0
  #pieces = 0
  #isHeadRead = false
  #isSpent = false

  /** Once true it stays: nothing more may be read. */
  get isSpent(): boolean {
    return this.#isSpent
  }

  /** Spent before its head had ended: no ordinary answer. */
  get isHeadEndless(): boolean {
    return this.#isSpent && !this.#isHeadRead
  }

  /** The head has ended: what follows is a body, which may be longer. */
  noteHead(): void {
    this.#isHeadRead = true
  }

  /** Bytes have arrived, together. */
  notePiece(): void {
    this.#pieces += 1
    if (this.#pieces > maxPieces) this.#isSpent = true
  }

  /**
   * How many of these, which come next, may be read now; where they are not all, the answer is spent or its head may
   * end with them.
   */
  take(bytes: Uint8Array): number {
    if (this.#isSpent) return 0
    const room = (this.#isHeadRead ? maxAnswerBytes : maxHeadBytes) - this.#bytes
    if (room <= 0) {
      this.#isSpent = true
      return 0
    }
    const taken = this.#untilLineTooMany(bytes.subarray(0, room))
    this.#bytes += taken
    return taken
  }

  #untilLineTooMany(bytes: Uint8Array): number {
    let end = bytes.indexOf(lineFeed)
    while (end !== -1) {
      this.#lines += 1
      if (this.#lines > maxLines) {
        this.#isSpent = true
        return end
      }
      end = bytes.indexOf(lineFeed, end + 1)
    }
    return bytes.length
  }
}
