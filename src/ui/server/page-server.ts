import { fastify, type FastifyInstance, type FastifyPluginAsync, type FastifyReply, type FastifyRequest } from 'fastify'

import { pageAddresses } from '../../contract/page/addresses.ts'
import { noSchemas } from '../../no-schemas.ts'
import { messageOf } from '../message-of.ts'
import { judgeRequest, notLetIn, type Refusal } from './gate.ts'
import type { PageFiles } from './page-files.ts'
import { isSame, setCookie, type Session } from './session.ts'
import { securityHeaders } from './security-headers.ts'
import type { Streams } from './streams.ts'

/** What the page may ask for, by the last part of its address; each answers with a value, or throws an `AskError`. */
export interface PageHandlers {
  readonly get: Readonly<Record<string, (query: unknown) => unknown>>
  readonly post: Readonly<Record<string, (body: unknown) => unknown>>
}

interface PageServerOptions {
  readonly session: Session
  readonly files: PageFiles
  readonly streams: Streams
  readonly handlers: PageHandlers
  /** Routes below `api/`, behind the same gate: those of the playground. */
  readonly plugin: FastifyPluginAsync | undefined
}

/** What was asked for cannot be answered, and why; goes to the page. */
export class AskError extends Error {
  override readonly name = 'AskError'
  readonly status: 400 | 404 | 409

  constructor(status: 400 | 404 | 409, message: string) {
    super(message)
    this.status = status
  }
}

const contentTypes = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const satisfies Record<keyof PageFiles, string>
/** A thousand ids, as one action may name. */
const maxBodyBytes = 1024 * 1024
/** Of one question with its body: who sends it byte by byte does not hold a connection for ever. */
const requestTimeoutMs = 30_000
/** Too many pages are open. */
const unavailable = 503

/** The page and what it asks for, on a server that is not listening yet. Nothing passes the gate unjudged. */
export function createPageServer(options: PageServerOptions): FastifyInstance {
  const { session, files, streams, handlers, plugin } = options
  const app = fastify({
    logger: false,
    schemaController: noSchemas,
    bodyLimit: maxBodyBytes,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    requestTimeout: requestTimeoutMs,
    // An address that cannot be decoded is answered before any hook runs.
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      void refuse(reply.headers(securityHeaders), { status: 400, says: 'that is no address' })
    },
    routerOptions: { querystringParser: (text) => Object.fromEntries(new URLSearchParams(text)) },
  })
  // What a form of another site can send without asking first.
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(securityHeaders)
    const refusal = judgeRequest(
      { method: request.method, what: whatIs(request.routeOptions.url, session), headers: request.headers },
      session,
    )
    if (refusal === undefined) done()
    else refuse(reply, refusal)
  })
  app.setErrorHandler((error, _request, reply) => answerError(reply, error))
  app.setNotFoundHandler((_request, reply) => refuse(reply, { status: 404, says: 'there is nothing here' }))

  // Browsers ask for it unasked; a 404 would be an error in their console.
  app.get('/favicon.ico', (_request, reply) => reply.code(204).send())
  app.get('/', (request, reply) => letIn(request, reply, session))
  for (const [name, contentType] of Object.entries(contentTypes)) {
    const address = name === 'index.html' ? '' : name
    app.get(`${session.path}/${address}`, (_request, reply) =>
      reply.type(contentType).send(files[name as keyof PageFiles]),
    )
  }
  app.get(`${session.path}/${pageAddresses.stream}`, (_request, reply) => {
    if (streams.open(reply.raw, securityHeaders)) reply.hijack()
    else refuse(reply, { status: unavailable, says: 'too many pages are open: close some' })
  })
  for (const [address, answer] of Object.entries(handlers.get)) {
    app.get(`${session.path}/${address}`, async ({ query }) => answer(query))
  }
  for (const [address, answer] of Object.entries(handlers.post)) {
    app.post(`${session.path}/${address}`, async ({ body }) => answer(body))
  }
  if (plugin !== undefined) void app.register(plugin, { prefix: `${session.path}/api` })
  return app
}

/**
 * By the route that answers, since one address has many spellings: `%61pi` is `api`, and a whole URL may stand in place
 * of a path. Undefined: none does.
 */
function whatIs(route: string | undefined, { path }: Session): 'entry' | 'page' | 'api' {
  if (route?.startsWith(`${path}/api/`) === true) return 'api'
  return route?.startsWith(`${path}/`) === true ? 'page' : 'entry'
}

/** The token is exchanged for a cookie, and leaves the address. */
function letIn({ query }: FastifyRequest, reply: FastifyReply, session: Session): FastifyReply {
  const { token = '' } = query as Readonly<Record<string, string>>
  if (!isSame(token, session.token)) return refuse(reply, { status: 401, says: notLetIn })
  return reply.header('set-cookie', setCookie(session)).redirect(`${session.path}/`, 303)
}

/** JSON, also to a person who opened a wrong address: a sentence is in it. */
function refuse(reply: FastifyReply, { status, says }: { status: number; says: Refusal['says'] }): FastifyReply {
  return reply.code(status).send({ error: says })
}

function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof AskError) return refuse(reply, { status: error.status, says: error.message })
  const status = statusOf(error)
  // What fastify refuses is the page's fault; anything else comes from the API server or a receiver.
  return refuse(reply, { status: status ?? 502, says: messageOf(error) })
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('statusCode' in error)) return undefined
  return String(error.code).startsWith('FST_') && typeof error.statusCode === 'number' ? error.statusCode : undefined
}
