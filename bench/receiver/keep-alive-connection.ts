import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const headEnd = '\r\n\r\n'
const wantedStatus = 'HTTP/1.1 204 '

/**
 * One connection, one request at a time, as raw bytes: any HTTP client would cost more than the server it measures.
 * Expects 204, which has no body, so an answer ends with its head.
 */
export class KeepAliveConnection {
  readonly #socket: Socket
  #received = ''
  #answered: ((error?: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(new Error('the server closed a connection in the middle of the run')))
  }

  static async open(port: number): Promise<KeepAliveConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new KeepAliveConnection(socket)
  }

  /** `answered` is called once, with an error on anything but 204. The next request may be sent from inside it. */
  send(request: Buffer, answered: (error?: Error) => void): void {
    this.#answered = answered
    this.#socket.write(request)
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  close(): void {
    this.#answered = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received += chunk.toString('latin1')
    if (!this.#received.endsWith(headEnd)) return
    const received = this.#received
    this.#received = ''
    if (received.startsWith(wantedStatus)) this.#end()
    else this.#end(new Error(`expected 204, got ${received.split('\r\n', 1)[0]}`))
  }

  #end(error?: Error): void {
    const answered = this.#answered
    this.#answered = undefined
    answered?.(error)
  }
}
