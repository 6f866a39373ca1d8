import type { IncomingMessage } from 'node:http'

import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

import type { Clock } from '../clock.ts'
import { maxBodyBytes, versionHeader, type AdminRoute } from '../contract/admin-api/route.ts'
import { adminRoutes, deliveryStream, eventStream, type AdminRoutes } from '../contract/admin-api/routes.ts'
import { noSchemas } from '../no-schemas.ts'
import type { Logger } from '../observability/logger.ts'
import { refused, type AdminReply } from './admin-reply.ts'
import { answerAdmin, noSuchRoute, type AdminDeps } from './answer-admin.ts'
import { LiveStreams, type Listen } from './live-streams.ts'
import { shownEntry } from './recent-deliveries.ts'
import { shownArrival } from './shown-arrival.ts'
import { isAllowed } from './is-allowed.ts'

interface AdminAppOptions extends AdminDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly version: string
}

/** A body was longer than its route allows. */
class BodyTooLongError extends Error {
  override readonly name = 'BodyTooLongError'
}

/** The routes of the admin API. Fastify finds the route; what a request says is read by the contract. */
export function createAdminApp(options: AdminAppOptions): FastifyInstance {
  const { feed, arrivals, clock, version, logger } = options
  const app = fastify({
    logger: false,
    schemaController: noSchemas,
    bodyLimit: maxBodyBytes,
    exposeHeadRoutes: false,
    routerOptions: { querystringParser: (text) => Object.fromEntries(new URLSearchParams(text)) },
    frameworkErrors: (_error, request, reply) => {
      if (letIn(request, reply, version)) send(reply, noSuchRoute)
    },
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
    readText(payload, request.routeOptions.bodyLimit ?? maxBodyBytes),
  )
  app.addHook('onRequest', (request, reply, done) => {
    if (!letIn(request, reply, version)) return
    if (request.is404) send(reply, noSuchRoute)
    else done()
  })
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof BodyTooLongError) return send(reply, refused(413, error.message))
    if (isBadType(error)) return send(reply, refused(400, 'content-type is no media type: leave it out'))
    logger.error({ error }, 'admin.failed')
    send(reply, refused(503, 'the inbox could not be asked; see the log of the receiver'))
  })
  for (const name of Object.keys(adminRoutes) as (keyof AdminRoutes)[]) addRoute(app, name, options)
  const streams = new LiveStreams(clock)
  const addStream = <Route extends AdminRoute>(route: Route, listen: Listen<Route>) => {
    app.get(route.path, (request, reply) => {
      const refusal = streams.open(route, request.query as Record<string, string>, { response: reply.raw, listen })
      if (refusal === undefined) reply.hijack()
      else send(reply, refusal)
    })
  }
  addStream(deliveryStream, (query, take) => feed.listen(query, (entry) => take(shownEntry(entry))))
  addStream(eventStream, (query, take) => arrivals.listen(query, (event) => take(shownArrival(event))))
  return app
}

function addRoute(app: FastifyInstance, name: keyof AdminRoutes, deps: AdminDeps): void {
  const { method, path, maxBodyBytes: bodyLimit } = adminRoutes[name]
  app.route({
    method,
    url: path,
    bodyLimit,
    handler: async ({ query, body }, reply) => {
      const came = { query: query as Record<string, string>, body: typeof body === 'string' ? body : '' }
      return send(reply, await answerAdmin(name, came, deps))
    },
  })
}

/** Before anything of a body is read. False: it has its answer. */
function letIn({ headers }: FastifyRequest, reply: FastifyReply, version: string): boolean {
  reply.raw.setHeader(versionHeader, version)
  if (isAllowed(headers)) return true
  send(
    reply,
    refused(403, 'send the header x-gwh-admin: 1 and ask for localhost, 127.0.0.1 or [::1], through a forwarded port'),
  )
  return false
}

/** A body that is too long is read to its end and discarded, so that its sender gets the answer. */
async function readText(payload: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of payload as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes <= maxBytes) chunks.push(chunk)
  }
  if (bytes > maxBytes) throw new BodyTooLongError(`the body is above ${maxBytes} bytes`)
  return Buffer.concat(chunks).toString('utf8')
}

function send(reply: FastifyReply, { status, body }: AdminReply): FastifyReply {
  // As bytes: fastify would add a charset to the type of a text.
  return reply
    .code(status)
    .headers({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    .send(Buffer.from(`${JSON.stringify(body)}\n`))
}

/** Any content type is accepted; a malformed one is refused before the parser. */
function isBadType(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE'
}
