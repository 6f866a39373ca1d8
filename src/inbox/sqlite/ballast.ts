import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs'

/** Enough for a checkpoint, a log of a few batches and the deletes that make room; on a small volume a share of it. */
const maxBallastBytes = 8 * 1024 * 1024
const minBallastBytes = 256 * 1024
const volumeShare = 1 / 16
const chunkBytes = 64 * 1024
/** Rebuilt only where it leaves this many times its size free. */
const roomFactor = 4

/** A file that is there to be given up: on a full disk nothing else could let the inbox record and delete. */
export class Ballast {
  readonly #path: string
  readonly #bytes: number

  /** `volumeBytes`: the size of the volume, full or not. */
  constructor(path: string, volumeBytes: number) {
    this.#path = path
    this.#bytes = Math.min(maxBallastBytes, Math.max(minBallastBytes, Math.floor(volumeBytes * volumeShare)))
  }

  get isHeld(): boolean {
    return existsSync(this.#path) && statSync(this.#path).size >= this.#bytes
  }

  /** False when there was none left to give. */
  release(): boolean {
    if (!existsSync(this.#path)) return false
    rmSync(this.#path)
    return true
  }

  /** Written out rather than sparse, so that the blocks are really ours. False when there is no room for it. */
  restore(availableBytes: number): boolean {
    if (availableBytes < roomFactor * this.#bytes) return false
    const file = openSync(this.#path, 'w', 0o600)
    try {
      const chunk = Buffer.alloc(chunkBytes, 0x5a)
      for (let left = this.#bytes; left > 0; left -= chunkBytes) {
        // What did not fit is not there: a short write is no error to the system.
        if (writeSync(file, chunk) < chunkBytes) return false
      }
      fsyncSync(file)
      return true
    } finally {
      closeSync(file)
    }
  }
}
