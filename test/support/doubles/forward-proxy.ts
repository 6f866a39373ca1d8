import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'

const pem = (name: string) => readFileSync(`test/fixtures/tls/${name}.pem`, 'utf8')

export interface ForwardProxy {
  /** `http://127.0.0.1:PORT` or https. */
  readonly origin: string
  /** What CONNECT asked for, in order. */
  readonly asked: { target: string; authorization: string | undefined }[]
  /** 200 opens a tunnel; `hang` never answers. */
  answer: number | 'hang'
}

const refuse: RequestListener = (_request, response) => response.writeHead(405).end()

/** A corporate proxy that knows CONNECT only. Whatever is asked for, its tunnels lead to one port of this machine. */
export async function startForwardProxy(
  t: Pick<TestContext, 'after'>,
  { leadsTo, tls = false }: { leadsTo: number; tls?: boolean },
): Promise<ForwardProxy> {
  const server = tls
    ? createTlsServer({ key: pem('server-1.key'), cert: pem('server-1.cert') }, refuse)
    : createServer(refuse)
  const open = new Set<Duplex>()
  const proxy = { asked: [] as ForwardProxy['asked'], answer: 200 as ForwardProxy['answer'] }
  server.on('connection', (socket: Socket) => open.add(socket))
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    proxy.asked.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] })
    socket.on('error', () => {})
    if (proxy.answer === 'hang') return
    if (proxy.answer !== 200) return void socket.end(`HTTP/1.1 ${proxy.answer} No\r\ncontent-length: 0\r\n\r\n`)
    const onward = connect(leadsTo, '127.0.0.1')
    open.add(onward)
    onward.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.pipe(onward).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(proxy, { origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}` })
}

/** An https server with a certificate of a private authority, for localhost and hooks.test. */
export async function startPrivateServer(
  t: Pick<TestContext, 'after'>,
  listener: RequestListener,
): Promise<{ port: number }> {
  const server = createTlsServer({ key: pem('server-1.key'), cert: pem('server-1.cert') }, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port }
}

export const privateAuthorityFile = 'test/fixtures/tls/authority-1.cert.pem'
