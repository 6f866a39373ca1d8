import { Socket } from 'node:net'

import { Agent, buildConnector, ProxyAgent, type Dispatcher } from 'undici'

import { untilAborted } from '../until-aborted.ts'
import type { Credentials } from './credentials.ts'

export interface WireRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query, without the server's own path prefix. */
  path: string
  headers: Record<string, string>
  body?: string
  signal: AbortSignal
}

/** Enough for the workers of a controller and its lists; an API server counts concurrent requests, not connections. */
const callConnections = 16

/**
 * A handshake that takes longer will not succeed; cutting it leaves time for a second try within one call's timeout.
 */
const connectTimeoutMs = 5_000

/** Cloud load balancers drop idle connections after 60 s; TCP keep-alive has to come well before that. */
const keepAliveInitialDelayMs = 30_000

/**
 * The sockets to one API server: one dispatcher for calls and one for watches, because over HTTP/1.1 every open watch
 * holds a connection, and watches in the same pool would starve the calls. Both are made anew when CA, client
 * certificate or server change.
 */
export class Connections {
  #identity = ''
  #calls: Dispatcher | undefined
  #watches: Dispatcher | undefined
  #closed = false
  readonly #connecting = new Set<Socket>()

  call(credentials: Credentials, request: WireRequest): Promise<Dispatcher.ResponseData> {
    return this.#send(credentials, request, 'calls')
  }

  watch(credentials: Credentials, request: WireRequest): Promise<Dispatcher.ResponseData> {
    return this.#send(credentials, request, 'watches')
  }

  async close(): Promise<void> {
    this.#closed = true
    // A dispatcher would wait for a handshake under way, which a dead server never finishes.
    for (const socket of this.#connecting) socket.destroy(new Error('the Kubernetes client is closed'))
    await Promise.all([this.#calls?.destroy(), this.#watches?.destroy()])
  }

  async #send(
    credentials: Credentials,
    request: WireRequest,
    use: 'calls' | 'watches',
  ): Promise<Dispatcher.ResponseData> {
    if (this.#closed) throw new Error('the Kubernetes client is closed')
    this.#adopt(credentials)
    const dispatcher = use === 'calls' ? this.#calls : this.#watches
    if (dispatcher === undefined) throw new Error('the Kubernetes client has no connection')
    const prefix = credentials.server.pathname.replace(/\/$/, '')
    const answer = dispatcher.request({
      origin: credentials.server.origin,
      path: `${prefix}${request.path}`,
      method: request.method,
      headers: { ...request.headers, ...credentials.headers },
      body: request.body ?? null,
      signal: request.signal,
      // The caller's own clock bounds the call; undici's timers would cut a quiet watch.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    // undici looks at the signal of a request that waits for its connection only once that stands, and the request is
    // then never sent: no need to wait.
    return untilAborted(answer, request.signal)
  }

  #adopt(credentials: Credentials): void {
    const identity = JSON.stringify([credentials.server.origin, credentials.proxyUrl, credentials.tls])
    if (identity === this.#identity && this.#calls !== undefined) return
    // What runs on the old connections may finish there: `close` waits for it.
    for (const old of [this.#calls, this.#watches]) old?.close().catch(() => {})
    this.#calls = openDispatcher(credentials, callConnections, this.#connecting)
    this.#watches = openDispatcher(credentials, null, this.#connecting)
    this.#identity = identity
  }
}

/**
 * `connections` null: as many as there are watches. HTTP/2 is off: a single stalled connection would hold every stream.
 */
export function openDispatcher(
  { server, proxyUrl, tls }: Credentials,
  connections: number | null,
  connecting: Set<Socket>,
): Dispatcher {
  const shared = { connections, allowH2: false, headersTimeout: 0, bodyTimeout: 0 }
  if (proxyUrl === undefined) {
    const connector = buildConnector({
      ...tls,
      allowH2: false,
      timeout: connectTimeoutMs,
      keepAliveInitialDelay: keepAliveInitialDelayMs,
    })
    return new Agent({ ...shared, connect: trackHandshakes(connector, connecting) })
  }
  const protocol = new URL(proxyUrl).protocol
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new Error(
      `kubeconfig: proxy-url for ${server.origin} uses ${protocol}; only http and https proxies are supported`,
    )
  }
  return new ProxyAgent({
    ...shared,
    uri: proxyUrl,
    // One way for http and https servers alike; watches through a forwarding proxy tend to be buffered.
    proxyTunnel: true,
    connectTimeout: connectTimeoutMs,
    requestTls: { ...tls },
    proxyTls: { keepAliveInitialDelay: keepAliveInitialDelayMs },
  })
}

/** Keeps in `connecting` the sockets whose handshake has not ended. */
function trackHandshakes(connector: buildConnector.connector, connecting: Set<Socket>): buildConnector.connector {
  return (options, callback) => {
    let socket: unknown
    const ended: buildConnector.Callback = (...outcome) => {
      if (socket instanceof Socket) connecting.delete(socket)
      callback(...outcome)
    }
    socket = connector(options, ended)
    if (socket instanceof Socket) connecting.add(socket)
    return socket
  }
}
