import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'

import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify'

import type { Clock } from '../clock.ts'
import type { ConnectionBook } from '../connections/connection-book.ts'
import type { Intake } from '../connections/intake.ts'
import {
  dynamicRoute,
  routeDynamicRoute,
  staticRoute,
  type DynamicEndpointPath,
  type EndpointPath,
} from '../contract/endpoint-path.ts'
import { noSchemas } from '../no-schemas.ts'
import type { TrustedProxies } from './client-address.ts'
import type { ClientErrors } from './client-errors.ts'
import type { Exchange } from './exchange.ts'
import type { ReceiverLimits } from './limits.ts'
import { allowedMethods, healthPath } from './request-path.ts'
import type { ServingCertificate } from './serving-certificate.ts'
import type { Outcome } from './status-codes.ts'

export interface ServerDeps {
  readonly limits: ReceiverLimits
  /** Absent: plain HTTP. */
  readonly tls: Pick<ServingCertificate, 'current' | 'watch'> | undefined
  readonly prefixes: readonly string[]
  readonly clock: Clock
  readonly receiveStatic: (request: IncomingMessage, response: ServerResponse, path: EndpointPath) => void
  readonly receiveDynamic: (
    request: IncomingMessage,
    response: ServerResponse,
    path: DynamicEndpointPath,
    template: typeof dynamicRoute | typeof routeDynamicRoute,
  ) => void
  readonly isReady: () => boolean
  readonly finish: (exchange: Exchange, outcome: Outcome, connection: 'keep' | 'unread', allow?: string) => void
  readonly clientErrors: ClientErrors
  readonly connections: ConnectionBook
  readonly intake: Intake
  readonly trustedProxies: TrustedProxies
}

export interface ReceiverServer {
  readonly http: Server | TlsServer
  readonly app: FastifyInstance
}

/**
 * The public port. Fastify routes; this code sends every answer. Each route takes its request over in `onRequest`,
 * because right after it fastify would read the body, and its own refusals come only after that: a few hundred stalled
 * uploads to paths that do not exist would cost hundreds of megabytes.
 */
export function createReceiverServer(deps: ServerDeps): ReceiverServer {
  const http = createHttpServer(deps)
  const app = fastify({
    serverFactory: (handler) =>
      http.on('request', (request, response) => {
        if (deps.connections.begin(request)) handler(request, response)
      }),
    routerOptions: { maxParamLength: deps.limits.maxParamLength },
    schemaController: noSchemas,
    // Fastify's lines carry the whole path, which is not for logs.
    logger: false,
    clientErrorHandler: (error, socket) => {
      deps.connections.end(socket)
      deps.clientErrors.handle(error, socket)
    },
    // Fastify's own 503 while closing has a body.
    return503OnClosing: false,
    forceCloseConnections: false,
    frameworkErrors: (_error, request, reply) => {
      reply.hijack()
      refuseUnrouted(deps, request.raw, reply.raw)
    },
  })
  app.removeAllContentTypeParsers()
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404 && hasHost(request)) return done()
    reply.hijack()
    refuseUnrouted(deps, request.raw, reply.raw)
  })
  // Only inject and a bug in a route can get here: what the hook above takes over never comes back.
  app.setNotFoundHandler((request, reply) => {
    reply.hijack()
    refuseUnrouted(deps, request.raw, reply.raw)
  })
  app.setErrorHandler((_error, request, reply) => {
    reply.hijack()
    deps.finish(exchangeOf(deps, request.raw, reply.raw, 'error'), 'InternalError', 'unread')
  })
  for (const prefix of deps.prefixes) addRoutes(app, prefix, deps)
  return { http, app }
}

function createHttpServer({ limits, tls, connections, intake, trustedProxies }: ServerDeps): Server | TlsServer {
  const options: ServerOptions = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.connectionsCheckingIntervalMs,
    // Node knows one time for all connections; ours depends on what each has shown.
    keepAliveTimeout: 0,
    maxHeaderSize: limits.maxHeaderBytes,
    // Node's refusal would pass no hook and no counter: the hook above refuses instead.
    requireHostHeader: false,
  }
  const http = tls === undefined ? createServer(options) : createSecureServer(options, tls, limits)
  // Before its handshake, where there is one. Node's own bound would always refuse the new connection.
  http.on('connection', (socket) =>
    connections.accept(socket, trustedProxies.has(socket.remoteAddress) ? 'proxy' : 'stranger'),
  )
  // After Node's own listeners, which is what the intake needs.
  http.on(tls === undefined ? 'connection' : 'secureConnection', (socket) => intake.guard(socket))
  // An expectation other than 100-continue may be ignored; Node would answer 417.
  http.on('checkExpectation', (request, response) => http.emit('request', request, response))
  return http
}

/** Connections that are open keep the certificate that they began with; every new one gets the newest. */
function createSecureServer(
  options: ServerOptions,
  tls: Pick<ServingCertificate, 'current' | 'watch'>,
  { headersTimeoutMs }: ReceiverLimits,
): TlsServer {
  const https = createTlsServer({
    ...options,
    ...tls.current,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    // Node waits two minutes for a handshake, and nothing else bounds it.
    handshakeTimeout: headersTimeoutMs,
  })
  tls.watch((pair) => https.setSecureContext({ ...pair, minVersion: 'TLSv1.2' }))
  return https
}

function addRoutes(app: FastifyInstance, prefix: string, deps: ServerDeps): void {
  app.route<{ Params: EndpointPath }>({
    method: 'POST',
    url: `${prefix}${staticRoute}`,
    onRequest: (request, reply) => {
      reply.hijack()
      deps.receiveStatic(request.raw, reply.raw, request.params)
    },
    handler: unreachableHandler,
  })
  for (const template of [dynamicRoute, routeDynamicRoute] as const) {
    app.route<{ Params: DynamicEndpointPath }>({
      method: 'POST',
      url: `${prefix}${template}`,
      onRequest: (request, reply) => {
        reply.hijack()
        deps.receiveDynamic(request.raw, reply.raw, request.params, template)
      },
      handler: unreachableHandler,
    })
  }
  app.route({
    method: ['GET', 'HEAD'],
    url: `${prefix}${healthPath}`,
    onRequest: (request, reply) => {
      reply.hijack()
      const exchange = exchangeOf(deps, request.raw, reply.raw, healthPath)
      deps.finish(exchange, deps.isReady() ? 'Ok' : 'NotReady', 'keep')
    },
    handler: unreachableHandler,
  })
}

/** A path or method that is not ours. The body stays unread. */
function refuseUnrouted(deps: ServerDeps, request: IncomingMessage, response: ServerResponse): void {
  const exchange = exchangeOf(deps, request, response, 'unrouted')
  if (!hasHost({ raw: request })) return deps.finish(exchange, 'MalformedRequest', 'unread')
  const allow = allowedMethods(request.url ?? '', deps.prefixes)
  const isOtherMethod = allow !== undefined && !allow.split(', ').includes(request.method ?? '')
  if (isOtherMethod) return deps.finish(exchange, 'MethodNotAllowed', 'unread', allow)
  deps.finish(exchange, 'UnknownEndpoint', 'unread')
}

/** HTTP/1.1 requires it. */
function hasHost({ raw }: Pick<FastifyRequest, 'raw'>): boolean {
  return raw.headers.host !== undefined || raw.httpVersion !== '1.1'
}

function exchangeOf(deps: ServerDeps, request: IncomingMessage, response: ServerResponse, route: string): Exchange {
  return { request, response, route, startedMs: deps.clock.monotonic() }
}

function unreachableHandler(): never {
  throw new Error('this route ends in its onRequest hook')
}
