import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs'

/** Enough for a checkpoint, a log of a few batches and the deletes that make room. */
const ballastBytes = 8 * 1024 * 1024
const chunkBytes = 64 * 1024
/** Rebuilt only where it leaves this many times its size free. */
const roomFactor = 4

/** A file that is there to be given up: on a full disk nothing else could let the inbox record and delete. */
export class Ballast {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  get isHeld(): boolean {
    return existsSync(this.#path) && statSync(this.#path).size === ballastBytes
  }

  /** False when there was none left to give. */
  release(): boolean {
    if (!existsSync(this.#path)) return false
    rmSync(this.#path)
    return true
  }

  /** Written out rather than sparse, so that the blocks are really ours. False when there is no room for it. */
  restore(availableBytes: number): boolean {
    if (availableBytes < roomFactor * ballastBytes) return false
    const file = openSync(this.#path, 'w', 0o600)
    try {
      const chunk = Buffer.alloc(chunkBytes, 0x5a)
      for (let written = 0; written < ballastBytes; written += chunkBytes) writeSync(file, chunk)
      fsyncSync(file)
      return true
    } finally {
      closeSync(file)
    }
  }
}
