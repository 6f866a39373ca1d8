import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

export interface SeverableLink {
  /** What the way through this link leads to, as `host:port`. */
  readonly address: string
  /** Cuts every connection, and refuses new ones until `restore`. */
  sever(): void
  restore(): void
  stop(): Promise<void>
}

/** A way to a server that can be cut: what passes is not looked at, so it may be TLS. Starts whole. */
export async function openSeverableLink(target: { host: string; port: number }): Promise<SeverableLink> {
  const sockets = new Set<Socket>()
  let isWhole = true
  const server = createServer((near) => {
    if (!isWhole) return void near.destroy()
    const far = connect(target)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    sever() {
      isWhole = false
      cut()
    },
    restore: () => void (isWhole = true),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
