import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'

import type { Clock } from '../clock.ts'
import type { AnswerCost } from './answer-cost.ts'
import { AnswerRoom } from './answer-room.ts'
import type { RequestMethod } from './build-request.ts'
import { readFrom, type Reader } from './connection-gate.ts'
import type { ConnectionKind, ConnectionPool } from './connection-pool.ts'
import { mayReuse } from './may-reuse.ts'
import type { Target } from './parse-target.ts'
import { StatusWatch } from './status-watch.ts'

export interface HttpRequest {
  readonly target: Target
  /**
   * An address to connect to instead of looking up the host of `target`, which still goes into `Host` and TLS. Absent:
   * looked up.
   */
  readonly connectTo?: string | undefined
  readonly method: RequestMethod
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** All of an answer that counts. */
export interface HttpAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
}

/** How long the rest of an answer whose status is known may take, for the sake of the connection. */
const restOfAnswerMs = 1_000

interface ExchangeDeps {
  readonly pool: ConnectionPool
  readonly clock: Clock
  /** When the answer must be there, on the monotonic clock in milliseconds. */
  readonly untilMs: number
  /** Aborts when nothing may go on. */
  readonly signal: AbortSignal
  /** Of all that is sent for one attempt. */
  readonly cost: AnswerCost
}

/**
 * Sends, and resolves with the answer. Accepts everything that a careful client may accept: interim answers, odd
 * framing, odd headers. Once a final status was read it stands, whether the rest of the answer can be read or not.
 * Rejects when there was none, with a CutOffError at `untilMs` or when `signal` aborts. Throws at once, before anything
 * is sent, when no request can be made of what is given.
 *
 * A kept connection that ends without a byte was most likely closed by the other side while we wrote: that is no
 * failure of the sink, and the request is sent once more, over a new connection. If the sink did take it, it recognises
 * the event by its id.
 */
export function post(request: HttpRequest, deps: ExchangeDeps): Promise<HttpAnswer> {
  return send(request, 'kept', deps).catch((error: unknown) => {
    if (error instanceof StaleConnectionError && !deps.signal.aborted) return send(request, 'new', deps)
    throw error
  })
}

function send(
  { target, connectTo, method, headers, body }: HttpRequest,
  connection: ConnectionKind,
  deps: ExchangeDeps,
): Promise<HttpAnswer> {
  const { isEncrypted, host, port, authority, path } = target
  const outgoing = (isEncrypted ? httpsRequest : httpRequest)({
    method,
    hostname: connectTo ?? host,
    // The host name stays that of the target, in TLS too, whatever address is connected to.
    ...(connectTo !== undefined && { servername: isIP(host) === 0 ? host : '' }),
    port,
    path,
    headers: { ...headers, host: authority, 'content-length': String(body.length) },
    agent: deps.pool.agentFor(isEncrypted, connection),
    // As lenient as other clients, for example about line feeds alone. That concerns only the framing of an answer that
    // is not used.
    insecureHTTPParser: true,
  })
  const answer = hear(outgoing, deps)
  outgoing.end(body)
  return answer
}

function hear(outgoing: ClientRequest, { clock, untilMs, signal, cost }: ExchangeDeps): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  const watch = new StatusWatch()
  const room = new AnswerRoom()
  let retryAfter: string | undefined
  let cancelRest: (() => void) | undefined
  const end = (error?: unknown) => {
    cancelTimeout()
    signal.removeEventListener('abort', onCancel)
    cancelRest?.()
    cancelRest = () => {}
    if (watch.status !== undefined) resolve({ status: watch.status, retryAfter })
    else if (isClosedByOther(error) && outgoing.reusedSocket && watch.isUntouched) reject(new StaleConnectionError())
    else reject(error ?? new ConnectionClosedError())
  }
  const cutOff = (error?: Error) => {
    end(error)
    outgoing.destroy()
  }
  const cancelTimeout = clock.after(untilMs - clock.monotonic(), () => cutOff(new CutOffError('timeout')))
  const onCancel = () => cutOff(new CutOffError('cancelled'))
  const onRead = () => {
    if (watch.status !== undefined) cancelRest ??= clock.after(restOfAnswerMs, cutOff)
    if (!room.isSpent) return
    // Without a status the attempt fails, which says it all.
    if (room.isHeadEndless && watch.status !== undefined) cost.noteEndlessHead()
    cutOff(new AnswerTooLongError())
  }
  outgoing.on('socket', (socket) => {
    const stop = readFrom(socket, readerOf({ watch, room, cost, onRead, isOver: () => outgoing.destroyed }))
    outgoing.on('close', stop)
  })
  outgoing.on('response', (response) => {
    room.noteHead()
    retryAfter = response.headers['retry-after']
    readRest(response, { outgoing, ended: end, cutOff })
  })
  // No other protocol was requested; only the status counts.
  outgoing.on('upgrade', (_response, socket) => {
    end()
    socket.destroy()
  })
  outgoing.on('error', end)
  outgoing.on('close', end)
  signal.addEventListener('abort', onCancel, { once: true })
  if (signal.aborted) onCancel()
  return promise
}

/**
 * Shows what comes over the request's connection to `watch`, and gives to the parser what there is room for, in parts:
 * whether the head has ended is known only once the parser has read it. At the first byte beyond, the rest is dropped
 * where it is.
 */
function readerOf(parts: {
  watch: StatusWatch
  room: AnswerRoom
  cost: AnswerCost
  /** After each part, and where there is no room. */
  onRead: () => void
  isOver: () => boolean
}): Reader {
  const { watch, room, cost, onRead, isOver } = parts
  const read = (bytes: Uint8Array, pass: (part: Uint8Array) => boolean): boolean => {
    let isMoreWanted = true
    let rest = bytes
    room.notePiece()
    while (rest.length > 0 && !isOver()) {
      const part = rest.subarray(0, room.take(rest))
      rest = rest.subarray(part.length)
      watch.take(part)
      if (part.length > 0) isMoreWanted = pass(part)
      onRead()
    }
    return isMoreWanted && !isOver()
  }
  return (bytes, pass) => cost.measure(() => read(bytes, pass))
}

/**
 * Reads to the end, so that the connection can be used again; where that would not be safe, the connection is given up.
 */
function readRest(
  response: IncomingMessage,
  { outgoing, ended, cutOff }: { outgoing: ClientRequest; ended: () => void; cutOff: () => void },
): void {
  if (!mayReuse(response)) outgoing.shouldKeepAlive = false
  response.resume()
  response.on('end', () => {
    // An answer that came before the request was sent: the rest of it is not read.
    if (outgoing.writableFinished) ended()
    else cutOff()
  })
  response.on('error', ended)
  response.on('close', ended)
}

function isClosedByOther(error: unknown): boolean {
  return error === undefined || (error instanceof Error && 'code' in error && closedCodes.has(error.code))
}

const closedCodes: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE'])

class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError'
  readonly code = 'ECONNRESET'
  constructor() {
    super('the kept connection had ended')
  }
}

/** Our own end of the exchange, before a status was read. */
export class CutOffError extends Error {
  override readonly name = 'CutOffError'
  readonly why: 'timeout' | 'cancelled'
  constructor(why: CutOffError['why']) {
    super('the exchange was cut off before an answer')
    this.why = why
  }
}

class AnswerTooLongError extends Error {
  override readonly name = 'AnswerTooLongError'
  readonly code = 'ERR_SINK_ANSWER_TOO_LONG'
  constructor() {
    super('the sink announces its answer without end')
  }
}

class ConnectionClosedError extends Error {
  override readonly name = 'ConnectionClosedError'
  readonly code = 'ECONNRESET'
  constructor() {
    super('the connection ended before an answer')
  }
}
