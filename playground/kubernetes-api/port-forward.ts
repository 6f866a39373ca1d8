import type { IncomingMessage, Server } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { hostPortOf, pods } from './kinds/pods.ts'
import type { ObjectStore } from './object-store.ts'
import { badRequest, noSuchResource, notFound, StatusError } from './status-error.ts'
import { encode } from './representation.ts'

const subprotocol = 'v4.channel.k8s.io'
/** One byte in front of each message names the channel; the first message of each is the port, low byte first. */
const channels = { data: 0, error: 1 } as const
const forwardPath = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/portforward$/

/**
 * Port forwarding over WebSocket, as the kubelet speaks it to clients of `v4.channel.k8s.io`: one port for each
 * connection, which leads to the `hostPort` of that port on this machine. kubectl speaks SPDY and is refused.
 */
export function servePortForwards(
  server: Server,
  { store, authorize }: { store: ObjectStore; authorize: (request: IncomingMessage) => void },
): { stop(): void } {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => subprotocol })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    try {
      authorize(request)
      const forward = readForward(request, store)
      sockets.handleUpgrade(request, socket, head, (client) => forwardTo(client, forward))
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      refuse(socket, error)
    }
  })
  return {
    stop() {
      for (const client of sockets.clients) client.terminate()
    },
  }
}

interface Forward {
  pod: string
  port: number
  /** undefined: the port of the pod is nowhere on this machine. */
  target: { host: string; port: number } | undefined
}

/** @throws StatusError as a real server refuses it */
function readForward({ url = '', headers }: IncomingMessage, store: ObjectStore): Forward {
  const { pathname, searchParams } = new URL(url, 'http://embedded')
  const [, namespace, name] = forwardPath.exec(pathname) ?? []
  if (namespace === undefined || name === undefined) throw noSuchResource()
  const pod = store.get(pods.storageKey, namespace, name)
  if (pod === undefined) throw notFound({ group: '', kind: 'pods' }, name)
  const offered = (headers['sec-websocket-protocol'] ?? '').split(/, ?/)
  if (!offered.includes(subprotocol)) throw badRequest(`unable to upgrade: only ${subprotocol} is spoken here`)
  const port = Number(searchParams.get('ports'))
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badRequest('exactly one valid port is required')
  return { pod: name, port, target: hostPortOf(pod, port) }
}

function forwardTo(client: WebSocket, { pod, port, target }: Forward): void {
  const send = (channel: number, bytes: Buffer, sent?: () => void) =>
    client.send(Buffer.concat([Buffer.from([channel]), bytes]), () => sent?.())
  const fail = (why: string) => {
    send(channels.error, Buffer.from(`error forwarding port ${port} to pod ${pod}: ${why}`))
    client.close()
  }
  client.on('error', () => client.terminate())
  for (const channel of Object.values(channels)) send(channel, Buffer.from([port & 0xff, port >> 8]))
  if (target === undefined) return fail('nothing listens on it')

  const connection = connect(target)
  connection.on('error', ({ message }) => fail(message))
  connection.on('end', () => client.close())
  connection.on('data', (bytes) => {
    connection.pause()
    send(channels.data, bytes, () => connection.resume())
  })
  client.on('close', () => connection.destroy())
  client.on('message', (message: Buffer) => {
    if (message[0] !== channels.data || connection.write(message.subarray(1))) return
    client.pause()
    connection.once('drain', () => client.resume())
  })
}

/** Before the upgrade: an answer of HTTP, and the end of the connection. */
function refuse(socket: Duplex, status: StatusError): void {
  const { contentType, bytes } = encode(status.toStatus())
  const head = [
    `HTTP/1.1 ${status.code} ${status.reason}`,
    `content-type: ${contentType}`,
    `content-length: ${bytes.length}`,
    'connection: close',
  ]
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]))
}
