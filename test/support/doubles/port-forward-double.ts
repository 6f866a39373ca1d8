import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

import { WebSocketServer, type WebSocket } from 'ws'

const subprotocol = 'v4.channel.k8s.io'

export interface Forwarding {
  /** Path and query of each request to forward. */
  paths: string[]
  headers: IncomingHttpHeaders[]
  url: string
  close(): void
}

interface DoubleOptions {
  /** Where each pod's connections lead, by its name. */
  pods: Record<string, number>
  /** The API server's answers to anything but forwarding; undefined: not found. */
  answer?: (request: IncomingMessage) => unknown
  /** What the user has no right to, by its path. */
  forbidden?: RegExp
  /** What the kubelet says instead of connecting. */
  failure?: string
}

/**
 * The API server's half of port forwarding as the kubelet speaks it: `v4.channel.k8s.io`, each channel beginning with
 * its port.
 */
export async function startPortForwardDouble({ pods, answer, forbidden, failure }: DoubleOptions): Promise<Forwarding> {
  const server = createServer((request, response) => {
    const isForbidden = forbidden?.test(request.url ?? '') === true
    const json = isForbidden ? undefined : answer?.(request)
    const code = isForbidden ? 403 : 404
    response.writeHead(json === undefined ? code : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(json ?? { kind: 'Status', status: 'Failure', code }))
  })
  const paths: string[] = []
  const headers: IncomingHttpHeaders[] = []
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => subprotocol })
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    paths.push(request.url ?? '')
    headers.push(request.headers)
    const [, name = ''] = /\/pods\/([^/]+)\/portforward\?ports=\d+$/.exec(request.url ?? '') ?? []
    const port = pods[name]
    const offered = String(request.headers['sec-websocket-protocol']).split(/, ?/)
    if (port === undefined || !offered.includes(subprotocol)) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      for (const channel of [0, 1]) client.send(Buffer.from([channel, 8081 & 0xff, 8081 >> 8]))
      if (failure === undefined) forward(client, port)
      else client.send(Buffer.concat([Buffer.from([1]), Buffer.from(failure)]))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    paths,
    headers,
    url: `http://127.0.0.1:${port}`,
    close() {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      server.close()
    },
  }
}

function forward(client: WebSocket, port: number): void {
  const pod = connect(port, '127.0.0.1')
  pod.on('error', () => client.terminate())
  pod.on('data', (data) => client.send(Buffer.concat([Buffer.from([0]), data])))
  pod.on('end', () => client.close())
  client.on('error', () => client.terminate())
  client.on('close', () => pod.destroy())
  client.on('message', (message: Buffer) => pod.write(message.subarray(1)))
}
