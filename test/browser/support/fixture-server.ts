import type { AddressInfo } from 'node:net'

import type { FastifyInstance } from 'fastify'

import { systemClock } from '../../../src/clock.ts'
import { pageAddresses } from '../../../src/contract/page/addresses.ts'
import type { PageMessage } from '../../../src/contract/page/messages.ts'
import { AskError, createPageServer } from '../../../src/ui/server/page-server.ts'
import { openSession } from '../../../src/ui/server/session.ts'
import { Streams } from '../../../src/ui/server/streams.ts'
import { bundlePage } from '../../../tools/bundle-page.ts'

const files = bundlePage()

type Fields = Record<string, string>
type Answer = (query: Fields, body: unknown) => { status?: 400 | 404 | 409; body: unknown }

export interface FixtureServer {
  /** With the token: the first request is exchanged for the cookie. */
  readonly url: string
  /** What the stream begins with, for every page that connects. */
  begin: readonly PageMessage[]
  /** Answers by address; 404 where there is none. */
  readonly answers: Map<string, Answer>
  /** What pages asked for. */
  readonly asked: { address: string; query: Fields; body: unknown }[]
  /** To every connected page, with the next tick. */
  readonly push: (...messages: PageMessage[]) => void
  /** The process is away: open streams end, and nothing is answered; and back on the same port. */
  readonly leave: () => Promise<void>
  readonly comeBack: () => Promise<void>
  /** Another start, which does not know the pages of this one. */
  readonly comeBackAnew: () => Promise<void>
}

const { act, playground, stream: _, ...read } = pageAddresses
const played = [`${playground}state`, `${playground}actions`] as const

/**
 * The server of the page with its gate, its headers and its streams, which says what a test wants: odd data, thousands
 * of objects, answers that fail.
 */
export async function startFixtureServer(): Promise<FixtureServer> {
  let session = openSession()
  const waiting: PageMessage[] = []
  const shipped = await files
  let [app, streams] = build()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const server: FixtureServer = {
    get url() {
      return `http://127.0.0.1:${port}/?token=${session.token}`
    },
    begin: [],
    answers: new Map(),
    asked: [],
    push: (...messages) => void waiting.push(...messages),
    async leave() {
      streams.close()
      await app.close()
    },
    comeBack: listenAgain,
    async comeBackAnew() {
      session = openSession()
      await listenAgain()
    },
  }
  return server

  async function listenAgain(): Promise<void> {
    ;[app, streams] = build()
    await app.listen({ host: '127.0.0.1', port })
  }

  function build(): [FastifyInstance, Streams] {
    const topic = { all: () => server.begin, changes: () => waiting.splice(0) }
    const streams = new Streams([topic], systemClock)
    const get = Object.fromEntries(
      Object.values(read).map((address) => [address, (query: unknown) => answer(address, query)]),
    )
    const post = { [act]: (body: unknown) => answer(act, {}, body) }
    return [createPageServer({ session, files: shipped, streams, handlers: { get, post }, plugin }), streams]
  }

  async function plugin(routes: FastifyInstance): Promise<void> {
    const [state, actions] = played
    routes.get(`/${state.slice('api/'.length)}`, async () => answer(state, {}))
    routes.post(`/${actions.slice('api/'.length)}`, async ({ body }) => answer(actions, {}, body))
  }

  function answer(address: string, query: unknown, body?: unknown): unknown {
    server.asked.push({ address, query: query as Fields, body })
    const given = server.answers.get(address)?.(query as Fields, body)
    if (given === undefined) throw new AskError(404, `nothing is known of ${address}`)
    if (given.status !== undefined) throw new AskError(given.status, (given.body as { error: string }).error)
    return given.body
  }
}
