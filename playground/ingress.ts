import { connect, type AddressInfo, type Socket } from 'node:net'
import { createServer } from 'node:tls'

export interface IngressOptions {
  host: string
  /** 0: any free one. */
  port: number
  /** PEM. */
  certificate: { cert: string; key: string }
  /** Where a new connection goes; undefined: nowhere, it is closed. */
  backend: () => { host: string; port: number } | undefined
}

export interface Ingress {
  readonly port: number
  close(): Promise<void>
}

/** What stands in front of receivers in a cluster: ends TLS and passes on what is inside, byte for byte. */
export async function startIngress({ host, port, certificate, backend }: IngressOptions): Promise<Ingress> {
  const open = new Set<Socket>()
  const server = createServer(certificate, (client) => {
    const target = backend()
    if (target === undefined) return void client.destroy()
    const upstream = connect(target)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket)
      socket.pipe(other)
      // Either of them going away ends both: whoever sent a request sees that its connection broke.
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
    }
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}
