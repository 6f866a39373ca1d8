import { createServer, type AddressInfo, type Socket } from 'node:net'

/** What the server does once the head of a request has come; requests are counted from 1. */
export type Play = (socket: Socket, nth: number, head: string) => void

/** A server on loopback that speaks bytes, so that it can answer in ways that no HTTP library would. */
export class RawServer {
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((socket) => this.#serve(socket))
  readonly #play: Play
  /** Heads that have come. */
  requests = 0
  /** What they came over. */
  connections = 0

  private constructor(play: Play) {
    this.#play = play
  }

  static async start(play: Play): Promise<RawServer> {
    const server = new RawServer(play)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket): void {
    this.connections += 1
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    let text = ''
    let bodyLeft = 0
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (;;) {
        const ofBody = Math.min(bodyLeft, text.length)
        text = text.slice(ofBody)
        bodyLeft -= ofBody
        const end = text.indexOf('\r\n\r\n')
        if (bodyLeft > 0 || end === -1) return
        const head = text.slice(0, end)
        bodyLeft = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
        text = text.slice(end + 4)
        if (socket.writableEnded) return // it has closed, as far as it is concerned
        this.requests += 1
        this.#play(socket, this.requests, head)
      }
    })
  }
}
