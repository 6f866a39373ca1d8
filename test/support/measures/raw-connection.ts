import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A TCP connection that says exactly what the test writes, well-formed or not. */
export class RawConnection {
  readonly socket: Socket
  readonly closed: Promise<void>
  #received = ''

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => (this.#received += text))
    socket.on('error', () => {}) // a reset shows as closed
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const connection = new RawConnection(socket)
    await once(socket, 'connect')
    return connection
  }

  get received(): string {
    return this.#received
  }

  /** The status codes of all answers so far, in order. */
  get statuses(): number[] {
    return [...this.#received.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => Number(match[1]))
  }

  write(data: string | Uint8Array): this {
    this.socket.write(data)
    return this
  }

  /** Resolves with everything received once so many answers have begun; rejects when the connection closes first. */
  async answers(count = 1): Promise<string> {
    while (this.statuses.length < count) {
      if (this.socket.closed) throw new Error(`closed after ${this.statuses.length} answers, expected ${count}`)
      await Promise.race([once(this.socket, 'data'), this.closed])
    }
    return this.#received
  }

  close(): void {
    this.socket.destroy()
  }
}

/** Request line and headers, ready to be followed by a body. */
export function requestHead(line: string, headers: Record<string, string | number>): string {
  const lines = Object.entries({ host: 'hooks.example', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n`
}
