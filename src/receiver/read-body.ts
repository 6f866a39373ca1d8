import type { Readable } from 'node:stream'

import type { OwnBudget } from './body-budget.ts'

/**
 * Each piece costs a callback on the serving thread, and a stranger chooses how small the chunks of a body are: one
 * byte costs six to send.
 */
const maxSmallPieces = 1_024
/** A body of larger pieces may have as many as it likes. */
const smallPieceBytes = 64

/** On anything but `read` the budget holds nothing of this body any more; the caller releases a body that was read. */
export type BodyRead =
  { type: 'read'; body: Uint8Array } | { type: 'tooLarge' } | { type: 'overloaded' } | { type: 'aborted' }

/**
 * Collects the raw body and calls back exactly once; one in more than a thousand scraps is too large, whatever its
 * size. Never decodes, never decompresses: the bytes that are verified are the bytes that are stored. How long it may
 * take is the server's request timeout, which ends the connection (`aborted`).
 */
export function readBody(
  request: Readable,
  { maxBytes, budget }: { maxBytes: number; budget: OwnBudget },
  done: (result: BodyRead) => void,
): void {
  const collected = new CollectedBytes()
  let smallPieces = 0

  const finish = (result: BodyRead) => {
    request.off('data', onData).off('end', onEnd).off('close', onAbort).off('error', onAbort)
    if (result.type !== 'read') {
      budget.give(collected.length)
      // A reset after the answer does not matter, but an 'error' without a listener would end the process.
      request.on('error', ignore)
      // Without a listener what still comes of it would be kept piece by piece, which costs more than reading it.
      request.on('data', ignore)
    }
    done(result)
  }
  const onData = (chunk: Buffer) => {
    if (chunk.length < smallPieceBytes && ++smallPieces > maxSmallPieces) return finish({ type: 'tooLarge' })
    if (collected.length + chunk.length > maxBytes) return finish({ type: 'tooLarge' })
    if (!budget.take(chunk.length)) return finish({ type: 'overloaded' })
    collected.add(chunk)
  }
  const onEnd = () => finish({ type: 'read', body: collected.bytes() })
  const onAbort = () => finish({ type: 'aborted' })

  request.on('data', onData).on('end', onEnd).on('close', onAbort).on('error', onAbort)
}

/**
 * Chunks put together as they come. A list of them would cost a few hundred bytes for each, and a stranger chooses how
 * small they are: here a body never takes more than about twice its size. The usual body is one chunk and is not copied
 * at all.
 */
class CollectedBytes {
  #buffer: Buffer = Buffer.alloc(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  add(chunk: Buffer): void {
    const needed = this.#length + chunk.length
    if (this.#length === 0) {
      this.#buffer = chunk
    } else {
      if (needed > this.#buffer.length) this.#grow(needed * 2)
      chunk.copy(this.#buffer, this.#length)
    }
    this.#length = needed
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  #grow(capacity: number): void {
    const grown = Buffer.allocUnsafeSlow(capacity)
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}

function ignore(): void {}
