import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { systemClock } from '../clock.ts'
import { ConnectionBook } from '../connections/connection-book.ts'
import { listenOn } from '../listen-on.ts'
import type { Logger } from './logger.ts'
import type { MetricsRegistry } from './metrics.ts'
import { SpacedWork } from './spaced-work.ts'

/** The answer to a probe. `why` is for people: short, in plain words, without secrets. */
export type ProbeResult = { ok: true } | { ok: false; why: string }

export interface HealthServer {
  /** Resolves with the port once it accepts connections; rejects when the port is taken. */
  listen(): Promise<{ port: number }>
  /** Idempotent; does not wait for idle connections. */
  close(): Promise<void>
}

export interface HealthServerOptions {
  host: string
  /** 0: any free one. */
  port: number
  metrics: MetricsRegistry
  /** May work be sent here? Also asked before the parts have started: then it says so. */
  readiness: () => ProbeResult
  /** Is a restart the only cure? Answer `ok: false` for nothing less. */
  liveness: () => ProbeResult
  logger: Logger
}

/**
 * A scrape or a probe sends a few hundred bytes; a slower or larger request is neither. Idle connections are closed by
 * the book below. The timeouts are looked at every five seconds, open connections or not: oftener, and a process at
 * rest would not rest.
 */
const limits = {
  requestTimeout: 5000,
  headersTimeout: 5000,
  keepAliveTimeout: 0,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 8192,
}
/**
 * A kubelet, and a Prometheus or two. Above it the one that has waited longest is closed, so that a client that fills
 * the port cannot keep a probe out.
 */
const maxConnections = 128
const keepAliveMs = 5_000

type Exposition = Awaited<ReturnType<MetricsRegistry['expose']>>

/**
 * `/healthz`, `/readyz` (200 or 503, plain text) and `/metrics`, on a port that is not public. Without fastify: the
 * controller serves nothing else, and would hold 8 MB more for three paths (ADR 0034).
 */
export function createHealthServer(options: HealthServerOptions): HealthServer {
  const connections = new ConnectionBook({
    maxConnections,
    idleMs: { stranger: keepAliveMs, proven: keepAliveMs, proxy: keepAliveMs },
    clock: systemClock,
    onCut: () => {},
  })
  const exposition = new SpacedWork(() => options.metrics.expose(), systemClock)
  /** Connections that wait for an answer. */
  const asking = new WeakSet<Socket>()
  const server = createServer(limits, (request, response) => {
    const { socket } = request
    // A scraper or a prober does not send another request before the answer; another client could send thousands in one
    // packet.
    if (asking.has(socket)) return void socket.destroy()
    if (socket.destroyed || !connections.begin(request)) return
    asking.add(socket)
    response.once('close', () => asking.delete(socket))
    response.setHeader('keep-alive', `timeout=${keepAliveMs / 1000}`)
    answer(request, response, { ...options, exposition })
      .catch((error: unknown) => {
        options.logger.error({ error: error instanceof Error ? error.name : 'unknown' }, 'health.request_failed')
        response.destroy()
      })
      // Whether the client has read it does not matter: one that never reads could hold a place for ever.
      .finally(() => connections.answered(socket, { isEnding: false }))
  })
  server.on('connection', (socket) => connections.accept(socket, 'stranger'))
  return {
    listen: () => listenOn(server, options),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: Pick<HealthServerOptions, 'liveness' | 'readiness'> & { exposition: SpacedWork<Exposition> },
): Promise<void> {
  const path = (request.url ?? '').split('?', 1)[0]
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return sendText(request, response, 405, 'method not allowed')
  }
  switch (path) {
    case '/healthz':
      return sendProbe(request, response, options.liveness())
    case '/readyz':
      return sendProbe(request, response, options.readiness())
    case '/metrics': {
      const { contentType, text } = await options.exposition.ask()
      response.setHeader('content-type', contentType)
      return sendText(request, response, 200, text)
    }
    case undefined:
    default:
      return sendText(request, response, 404, 'not found; there are /healthz, /readyz and /metrics')
  }
}

function sendProbe(request: IncomingMessage, response: ServerResponse, result: ProbeResult): void {
  sendText(request, response, result.ok ? 200 : 503, result.ok ? 'ok' : result.why)
}

function sendText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.setHeader('cache-control', 'no-store')
  response.statusCode = status
  const body = text.endsWith('\n') ? text : `${text}\n`
  response.setHeader('content-length', Buffer.byteLength(body))
  response.end(request.method === 'HEAD' ? undefined : body)
}
