import type { ServerResponse } from 'node:http'

import type { Clock } from '../clock.ts'
import { readGiven, type Came } from '../contract/admin-api/read-given.ts'
import type { AdminRoute, AnswerOf, ReadBy } from '../contract/admin-api/route.ts'
import { refused, type AdminReply } from './admin-reply.ts'

const maxReaders = 8
/**
 * What may wait for one reader in this process. A reader that is slower than the events is disconnected and may connect
 * again.
 */
const maxWaitingBytes = 1024 * 1024
/** An empty line, so that no proxy on the way closes a quiet stream as dead. */
const heartbeatMs = 15_000

/** Hands over what happens from now on, as the route answers it; the returned function ends it. */
export type Listen<Route extends AdminRoute> = (
  given: ReadBy<Route>,
  take: (entry: AnswerOf<Route>) => void,
) => () => void

/** Live streams: one line of JSON for each entry as it happens, until the reader goes away or falls behind. */
export class LiveStreams {
  readonly #clock: Clock
  #readers = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes the response over; or says why not, and leaves it alone. */
  open<Route extends AdminRoute>(
    route: Route,
    query: Came['query'],
    { response, listen }: { response: ServerResponse; listen: Listen<Route> },
  ): AdminReply | undefined {
    const given = readGiven(route, { query, body: '' })
    if ('problem' in given) return refused(400, given.problem)
    if (this.#readers >= maxReaders) return refused(503, `${maxReaders} readers watch already`)
    this.#readers += 1
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    response.flushHeaders()
    const write = (line: string) => {
      if (response.writableLength > maxWaitingBytes) response.destroy()
      else response.write(line)
    }
    const stopListening = listen(given.read, (entry) => write(`${JSON.stringify(entry)}\n`))
    let cancel: (() => void) | undefined
    const beat = () => {
      write('\n')
      cancel = this.#clock.after(heartbeatMs, beat)
    }
    cancel = this.#clock.after(heartbeatMs, beat)
    response.on('error', () => {}) // its end follows
    response.once('close', () => {
      this.#readers -= 1
      stopListening()
      cancel?.()
    })
    return undefined
  }
}
