import type { IncomingMessage } from 'node:http'

import type { BodyBudget } from './body-budget.ts'

/** On anything but `read` the budget holds nothing of this body any more; a body that was read is given back by whoever took it over. */
export type BodyRead =
  { type: 'read'; body: Uint8Array } | { type: 'tooLarge' } | { type: 'overloaded' } | { type: 'aborted' }

const noBytes = Buffer.alloc(0)

/**
 * Collects the raw body and calls back exactly once. Never decodes, never decompresses: the bytes that are verified are the bytes that are stored.
 * How long it may take is the server's request timeout, which ends the connection (`aborted`).
 */
export function readBody(
  request: IncomingMessage,
  { maxBytes, budget }: { maxBytes: number; budget: BodyBudget },
  done: (result: BodyRead) => void,
): void {
  const chunks: Buffer[] = []
  let heldBytes = 0

  const finish = (result: BodyRead) => {
    request.off('data', onData).off('end', onEnd).off('close', onAbort).off('error', onAbort)
    if (result.type !== 'read') {
      budget.give(heldBytes)
      // A reset that comes after our answer is nobody's concern, but an 'error' without a listener would end the process.
      request.on('error', ignore)
    }
    done(result)
  }
  const onData = (chunk: Buffer) => {
    if (heldBytes + chunk.length > maxBytes) return finish({ type: 'tooLarge' })
    if (!budget.take(chunk.length)) return finish({ type: 'overloaded' })
    heldBytes += chunk.length
    chunks.push(chunk)
  }
  const onEnd = () => finish({ type: 'read', body: joined(chunks, heldBytes) })
  const onAbort = () => finish({ type: 'aborted' })

  request.on('data', onData).on('end', onEnd).on('close', onAbort).on('error', onAbort)
}

function joined(chunks: Buffer[], bytes: number): Uint8Array {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : bytes === 0 ? noBytes : Buffer.concat(chunks, bytes)
}

function ignore(): void {}
