import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Logger } from './logger.ts'
import type { MetricsRegistry } from './metrics.ts'

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

/** A scrape or a probe sends a few hundred bytes; whoever is slower or bigger is neither. */
const limits = { requestTimeout: 5000, headersTimeout: 5000, connectionsCheckingInterval: 1000, maxHeaderSize: 8192 }

/** `/healthz`, `/readyz` (200 or 503, plain text) and `/metrics`, on a port that is not public. */
export function createHealthServer(options: HealthServerOptions): HealthServer {
  const server = createServer(limits, (request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      options.logger.error({ error: error instanceof Error ? error.name : 'unknown' }, 'health request failed')
      response.destroy()
    })
  })
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(options.port, options.host, () => {
          server.off('error', reject)
          resolve({ port: (server.address() as AddressInfo).port })
        })
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, options: HealthServerOptions): Promise<void> {
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
      const { contentType, text } = await options.metrics.expose()
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
