import type { IncomingMessage } from 'node:http'

import type { Clock } from '../clock.ts'
import type { BodyBudget, OwnBudget } from './body-budget.ts'
import type { Endpoint } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import { readBody, type BodyRead } from './read-body.ts'
import type { Outcome } from './status-codes.ts'

interface BodyDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly budget: BodyBudget
  readonly maxBodyBytes: number
  /**
   * Ends an exchange: answer, count, log. `unread`: parts of the request have not been read, so the connection cannot
   * be used again.
   */
  readonly finish: (exchange: Exchange, outcome: Outcome, connection: 'keep' | 'unread') => void
}

/** A body that was read completely. */
export interface HeldBody {
  readonly body: Uint8Array
  /** Gives the body's bytes back to the budget; only the first call counts. */
  readonly release: () => void
}

/** Whether the announced body is too large to begin reading. */
export function isAnnouncedTooLarge(request: IncomingMessage, maxBodyBytes: number): boolean {
  return Number(request.headers['content-length'] ?? 0) > maxBodyBytes
}

/**
 * Reads the body and hands it to `judge`, which ends the exchange and releases the body. A fault of `judge`, thrown or
 * as a promise, is answered here.
 */
export function receiveBody(
  deps: BodyDeps,
  request: IncomingMessage,
  { exchange, owner }: { exchange: Exchange; owner: Endpoint['owner'] },
  judge: (held: HeldBody) => void | Promise<void>,
): void {
  const budget = deps.budget.of(owner)
  readBody(request, { maxBytes: deps.maxBodyBytes, budget }, (read) => {
    if (read.type !== 'read') return deps.finish(exchange, unreadOutcomes[read.type], 'unread')
    exchange.bodyBytes = read.body.length
    exchange.bodyReadMs = deps.clock.monotonic()
    const held: HeldBody = { body: read.body, release: releaseOnce(budget, read.body) }
    const fail = (error: unknown) => {
      // An exception in an event handler is not caught, and one odd delivery must not end the process.
      held.release()
      exchange.fault = error
      deps.finish(exchange, 'InternalError', 'keep')
    }
    try {
      judge(held)?.catch(fail)
    } catch (error) {
      fail(error)
    }
  })
}

const unreadOutcomes = {
  tooLarge: 'BodyTooLarge',
  overloaded: 'Overloaded',
  aborted: 'Aborted',
} as const satisfies Record<Exclude<BodyRead['type'], 'read'>, Outcome>

function releaseOnce(budget: OwnBudget, body: Uint8Array): () => void {
  let heldBytes = body.length
  return () => {
    budget.give(heldBytes)
    heldBytes = 0
  }
}
