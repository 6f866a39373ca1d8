import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

const websocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const [continuation, binary, closing] = [0, 2, 8]

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
  const open = new Set<Duplex>()
  server.on('upgrade', (request, socket: Duplex) => {
    paths.push(request.url ?? '')
    headers.push(request.headers)
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
    const [, name = ''] = /\/pods\/([^/]+)\/portforward\?ports=\d+$/.exec(request.url ?? '') ?? []
    const port = pods[name]
    const offered = String(request.headers['sec-websocket-protocol']).split(/, ?/)
    if (port === undefined || !offered.includes('v4.channel.k8s.io')) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
      return
    }
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${websocketGuid}`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`,
    )
    for (const channel of [0, 1]) socket.write(frame(Buffer.from([channel, 8081 & 0xff, 8081 >> 8])))
    if (failure === undefined) forward(socket, connect(port, '127.0.0.1'))
    else socket.write(frame(Buffer.concat([Buffer.from([1]), Buffer.from(failure)])))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    paths,
    headers,
    url: `http://127.0.0.1:${port}`,
    close() {
      for (const socket of open) socket.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
}

function forward(socket: Duplex, pod: Socket): void {
  pod.on('error', () => socket.destroy())
  pod.on('data', (data) => socket.write(frame(Buffer.concat([Buffer.from([0]), data]))))
  pod.on('end', () => socket.end(frame(Buffer.alloc(0), closing)))
  socket.on('close', () => pod.destroy())
  let held = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    held = Buffer.concat([held, data])
    for (let read = readFrame(held); read !== undefined; read = readFrame(held)) {
      held = held.subarray(read.bytes)
      if (read.kind === closing) pod.end()
      else if (read.kind === binary || read.kind === continuation) pod.write(read.payload.subarray(1))
    }
  })
}

function frame(payload: Buffer, kind = binary): Buffer {
  const long = payload.length > 125
  const head = Buffer.alloc(long ? 10 : 2)
  head[0] = 0x80 | kind
  head[1] = long ? 127 : payload.length
  if (long) head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}

/** A client's frames are masked. Undefined until the whole frame is there. */
function readFrame(held: Buffer): { kind: number; payload: Buffer; bytes: number } | undefined {
  if (held.length < 2) return undefined
  const short = (held[1] ?? 0) & 0x7f
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const start = 2 + lengthBytes + 4
  if (held.length < start) return undefined
  const length = lengthBytes === 0 ? short : lengthBytes === 2 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2))
  if (held.length < start + length) return undefined
  const mask = held.subarray(start - 4, start)
  const payload = Buffer.from(held.subarray(start, start + length)).map((byte, at) => byte ^ (mask[at % 4] ?? 0))
  return { kind: (held[0] ?? 0) & 0x0f, payload: Buffer.from(payload), bytes: start + length }
}
