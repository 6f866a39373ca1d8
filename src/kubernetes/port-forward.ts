import { Duplex } from 'node:stream'

import { WebSocket, type Dispatcher } from 'undici'

import type { Clock } from '../clock.ts'
import type { ObjectKey } from './client.ts'
import { openDispatcher } from './connections.ts'
import { openCredentials, type Credentials } from './credentials.ts'
import type { KubeconfigPlace } from './kubeconfig.ts'

export interface PortForwarderOptions extends KubeconfigPlace {
  clock: Clock
}

export interface PortForwarder {
  /** One connection to a port of a pod, on its loopback too. Rejects when the API server or the kubelet refuses. */
  connect(pod: ObjectKey, port: number): Promise<Duplex>
  close(): Promise<void>
}

/** One byte in front of each message names the channel; the first message of each is the port, which we know. */
const subprotocol = 'v4.channel.k8s.io'
const dataChannel = 0
const portBytes = 2
const connectTimeoutMs = 15_000

/**
 * What `kubectl port-forward` does, without a local port: needs the right to `pods/portforward`. Throws when there is
 * no usable kubeconfig.
 */
export async function openPortForwarder({ clock, ...place }: PortForwarderOptions): Promise<PortForwarder> {
  const source = await openCredentials({ ...place, clock })
  const dispatcher = openDispatcher(await source.current(), null, new Set())
  return {
    async connect(pod, port) {
      const failed = `pod ${pod.namespace}/${pod.name}: port ${port} cannot be forwarded`
      const socket = new PodSocket(openSocket(await source.current(), dispatcher, pod, port), failed)
      try {
        await socket.opened(clock)
      } catch (error) {
        socket.destroy()
        const why = error instanceof Error ? error.message : String(error)
        throw new Error(`${failed}: ${why}`, { cause: error })
      }
      return socket
    },
    close: () => dispatcher.destroy(),
  }
}

function openSocket(credentials: Credentials, dispatcher: Dispatcher, pod: ObjectKey, port: number): WebSocket {
  const { server, headers } = credentials
  const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/portforward?ports=${port}`
  const url = new URL(`${server.origin}${server.pathname.replace(/\/$/, '')}${path}`)
  url.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:'
  return new WebSocket(url, { protocols: [subprotocol], dispatcher, headers: { ...headers } })
}

/** A connection to the pod as a stream of bytes. */
class PodSocket extends Duplex {
  readonly #socket: WebSocket
  readonly #failed: string
  /** The channels whose first message has come. */
  readonly #begun = new Set<number>()

  /** `failed`: what an error of the other side begins with. */
  constructor(socket: WebSocket, failed: string) {
    super()
    this.#socket = socket
    this.#failed = failed
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }: { data: unknown }) => {
      if (data instanceof ArrayBuffer) this.#receive(Buffer.from(data))
    })
    socket.addEventListener('close', () => this.push(null))
    socket.addEventListener('error', () => this.destroy(new Error('the connection through the API server broke')))
  }

  async opened(clock: Clock): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const cancel = clock.after(connectTimeoutMs, () => reject(new Error(`no answer in ${connectTimeoutMs} ms`)))
    this.once('error', () => {}) // the rejection reports it
    this.#socket.addEventListener('open', () => resolve())
    this.#socket.addEventListener('error', () => {
      reject(new Error('refused; it takes the right to create and get pods/portforward, and a pod that runs'))
    })
    try {
      await promise
    } finally {
      cancel()
    }
  }

  #receive(message: Buffer): void {
    const channel = message[0]
    if (channel === undefined) return
    const isFirst = !this.#begun.has(channel)
    this.#begun.add(channel)
    const bytes = message.subarray(1 + (isFirst ? portBytes : 0))
    if (bytes.length === 0) return
    if (channel === dataChannel) this.push(bytes)
    else this.destroy(new Error(`${this.#failed}: ${kubeletInWords(bytes.toString('utf8'))}`))
  }

  override _read(): void {} // a message cannot be left with the sender: what comes is buffered

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const message = Buffer.allocUnsafe(chunk.length + 1)
    message[0] = dataChannel
    chunk.copy(message, 1)
    this.#socket.send(message)
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.close()
    callback(error)
  }
}

/** The kubelet says at length, with ids of the node, that the program in the pod does not listen yet, or any more. */
function kubeletInWords(said: string): string {
  return said.includes('connection refused') ? 'nothing listens there: is it just starting?' : said.slice(0, 500).trim()
}
