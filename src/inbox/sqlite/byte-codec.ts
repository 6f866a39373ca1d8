const initialBytes = 16 * 1024
const maxStartBytes = 256 * 1024
const lengthBytes = 4
const numberBytes = 8
/** UTF-8 needs at most three bytes for one UTF-16 unit. */
const maxBytesPerUnit = 3

/**
 * Appends values to one growing buffer that can be transferred to another thread: no object per value, one copy of each
 * body.
 */
export class ByteWriter {
  #buffer: Buffer<ArrayBuffer>
  #length = 0

  /** `roomBytes`: about what will be written, where that is known: growing leaves a buffer of each size behind. */
  constructor(roomBytes = initialBytes) {
    // Not from Node's shared pool: a pooled buffer cannot be transferred.
    this.#buffer = Buffer.allocUnsafeSlow(roomBytes)
  }

  get length(): number {
    return this.#length
  }

  byte(value: number): void {
    this.#ensure(1)
    this.#buffer[this.#length++] = value
  }

  /** Any JavaScript number, exactly. */
  number(value: number): void {
    this.#ensure(numberBytes)
    this.#length = this.#buffer.writeDoubleLE(value, this.#length)
  }

  text(value: string): void {
    this.#ensure(lengthBytes + value.length * maxBytesPerUnit)
    const written = this.#buffer.write(value, this.#length + lengthBytes, 'utf8')
    this.#buffer.writeUInt32LE(written, this.#length)
    this.#length += lengthBytes + written
  }

  bytes(value: Uint8Array): void {
    this.#ensure(lengthBytes + value.length)
    this.#buffer.writeUInt32LE(value.length, this.#length)
    this.#buffer.set(value, this.#length + lengthBytes)
    this.#length += lengthBytes + value.length
  }

  /** Everything written so far; the writer starts anew and keeps no hold of it. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#buffer.subarray(0, this.#length)
    // Batches of one moment are alike: the next starts with room for one like this and need not grow step by step.
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(initialBytes, this.#length * 2), maxStartBytes))
    this.#length = 0
    return taken
  }

  #ensure(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}

/** Reads what a ByteWriter wrote, in the same order. */
export class ByteReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#buffer.length
  }

  byte(): number {
    return this.#buffer.readUInt8(this.#at++)
  }

  number(): number {
    const value = this.#buffer.readDoubleLE(this.#at)
    this.#at += numberBytes
    return value
  }

  text(): string {
    const start = this.#skipLength()
    return this.#buffer.toString('utf8', start, this.#at)
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const start = this.#skipLength()
    return this.#buffer.subarray(start, this.#at)
  }

  #skipLength(): number {
    const start = this.#at + lengthBytes
    this.#at = start + this.#buffer.readUInt32LE(this.#at)
    return start
  }
}
