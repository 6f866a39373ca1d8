import type { AddressInfo } from 'node:net'

import Fastify, { type FastifyReply } from 'fastify'

import { pageAddresses } from '../../../src/contract/page/addresses.ts'
import type { PageMessage } from '../../../src/contract/page/messages.ts'
import { bundlePage } from '../../../tools/bundle-page.ts'

const files = bundlePage()
const types = { 'index.html': 'text/html', 'page.js': 'text/javascript', 'page.css': 'text/css' } as const

/** As strict as the real server is, and every violation is reported. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; report-uri /csp-report"

type Answer = (query: Record<string, string>, body: unknown) => { status?: number; body: unknown } | undefined

export interface FixtureServer {
  readonly url: string
  /** What the stream begins with, for every page that connects. */
  begin: PageMessage[]
  /** Answers by address; 404 where there is none. */
  readonly answers: Map<string, Answer>
  /** What pages asked for: method, address, body. */
  readonly asked: { method: string; address: string; query: Record<string, string>; body: unknown }[]
  /** Violations of the Content-Security-Policy that browsers reported. */
  readonly violations: unknown[]
  /** To every connected page. */
  push(...messages: PageMessage[]): void
  connected(): number
  /** The process is away: open streams end, and nothing is answered; and back on the same port. */
  leave(): Promise<void>
  comeBack(): Promise<void>
  close(): Promise<void>
}

/** A server of the page's contract that says what a test wants: odd data, thousands of objects, answers that fail. */
export async function startFixtureServer(port = 0): Promise<FixtureServer> {
  const streams = new Set<FastifyReply>()
  let app = build()
  await app.listen({ host: '127.0.0.1', port })
  const { port: bound } = app.server.address() as AddressInfo
  const server: FixtureServer = {
    url: `http://127.0.0.1:${bound}/`,
    begin: [],
    answers: new Map(),
    asked: [],
    violations: [],
    push: (...messages) => streams.forEach((reply) => messages.forEach((message) => write(reply, message))),
    connected: () => streams.size,
    leave,
    async comeBack() {
      app = build()
      await app.listen({ host: '127.0.0.1', port: bound })
    },
    close: leave,
  }
  return server

  async function leave(): Promise<void> {
    streams.forEach(({ raw }) => raw.destroy())
    streams.clear()
    app.server.closeAllConnections()
    await app.close()
  }

  function build() {
    const app = Fastify({ forceCloseConnections: true })
    app.addContentTypeParser(
      ['application/csp-report', 'application/reports+json'],
      { parseAs: 'string' },
      (_, body, done) => done(null, body),
    )
    app.addHook('onSend', async (_, reply) => void reply.header('content-security-policy', policy))
    app.get('/', async (_, reply) => reply.type('text/html').send((await files)['index.html']))
    for (const name of ['page.js', 'page.css'] as const)
      app.get(`/${name}`, async (_, reply) => reply.type(types[name]).send((await files)[name]))
    app.get('/favicon.ico', async (_, reply) => reply.code(204).send())
    app.post('/csp-report', async (request, reply) => {
      server.violations.push(request.body)
      return reply.code(204).send()
    })
    app.get(`/${pageAddresses.stream}`, (request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      streams.add(reply)
      request.raw.on('close', () => streams.delete(reply))
      server.begin.forEach((message) => write(reply, message))
    })
    app.all('/api/*', async (request, reply) => {
      const address = request.url.slice(1).split('?')[0] ?? ''
      const query = request.query as Record<string, string>
      server.asked.push({ method: request.method, address, query, body: request.body })
      const answer = server.answers.get(address)?.(query, request.body)
      if (answer === undefined) return reply.code(404).send({ error: `nothing is known of ${address}` })
      return reply.code(answer.status ?? 200).send(answer.body)
    })
    return app
  }
}

function write({ raw }: FastifyReply, message: PageMessage): void {
  raw.write(`data: ${JSON.stringify(message)}\n\n`)
}
