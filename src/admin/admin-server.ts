import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'
import type { AdminReply } from './admin-reply.ts'
import { answerAdmin, streamPath, type AdminDeps } from './answer-admin.ts'
import { DeliveryStreams } from './delivery-stream.ts'
import { isAllowed } from './is-allowed.ts'

export interface AdminServerOptions extends AdminDeps {
  /** 0: any free one. */
  readonly port: number
  readonly clock: Clock
  readonly logger: Logger
}

export interface AdminServer {
  /** Resolves with the port once it accepts connections; rejects when the port is taken. */
  listen(): Promise<{ port: number }>
  /** Ends open connections too. */
  close(): Promise<void>
}

/** Not a setting: whoever reaches it may replay anybody's events, so that reaching it must take the right to forward ports to the pod. */
const host = '127.0.0.1'
const limits = { requestTimeout: 10_000, headersTimeout: 5000, connectionsCheckingInterval: 1000, maxHeaderSize: 8192 }
/** The largest request but one names a thousand deliveries; that one brings a page of events with their bodies. */
const maxBodyBytes = 64 * 1024
const maxEventsBytes = 16 * 1024 * 1024

/** The port of the command line: statistics, recent deliveries, dead letters and replay, as JSON. Contract: docs/reference/admin-api.md. */
export function createAdminServer(options: AdminServerOptions): AdminServer {
  const streams = new DeliveryStreams(options.feed, options.clock)
  const server = createServer(limits, (request, response) => {
    answer(request, options, (url) => streams.open(url, response)).then(
      (reply) => reply !== undefined && send(response, reply),
      (error: unknown) => {
        options.logger.error({ error }, 'admin.failed')
        send(response, { status: 503, body: { error: 'the inbox could not be asked; see the log of the receiver' } })
      },
    )
  })
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(options.port, host, () => {
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

/** Undefined once the response was taken over. */
async function answer(
  request: IncomingMessage,
  options: AdminServerOptions,
  openStream: (url: URL) => AdminReply | undefined,
): Promise<AdminReply | undefined> {
  if (!isAllowed(request.headers)) {
    const error = 'send the header x-gwh-admin: 1 and ask for localhost or 127.0.0.1, through a forwarded port'
    return { status: 403, body: { error } }
  }
  const { method = 'GET' } = request
  const url = URL.parse(request.url ?? '/', 'http://localhost')
  if (url === null) return { status: 400, body: { error: 'the path is none' } }
  const maxBytes = url.pathname === '/v1/handover' ? maxEventsBytes : maxBodyBytes
  const body = await readText(request, maxBytes)
  if (body === undefined) return { status: 413, body: { error: `the body is above ${maxBytes} bytes` } }
  if (method === 'GET' && url.pathname === streamPath) return openStream(url)
  return answerAdmin({ method, url, body }, options)
}

/** Undefined when it is too long: what is left of it is read and forgotten. */
async function readText(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes <= maxBytes) chunks.push(chunk)
  }
  return bytes <= maxBytes ? Buffer.concat(chunks).toString('utf8') : undefined
}

function send(response: ServerResponse, { status, body }: AdminReply): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}
