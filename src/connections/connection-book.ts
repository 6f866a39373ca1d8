import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

import type { Clock } from '../clock.ts'
import { whoGivesWay, type Standing } from './give-way.ts'

/**
 * Why a connection was closed without having asked for it. `Crowded`: what it sent had to wait, and there was no memory
 * for that. `NoRoom`: a new one, since all others were being answered.
 */
export type Cut = 'Idle' | 'GaveWay' | 'ProvenGaveWay' | 'ProxyGaveWay' | 'Crowded' | 'NoRoom'

/** The current state of an open connection. */
export interface ConnectionState {
  readonly standing: Standing
  /** The namespace that a proven one counts for. */
  readonly namespace: string
  /** Requests that have had their answer. */
  readonly answered: number
  /** A request is complete and has no answer. */
  readonly isAnswering: boolean
  /** A request has begun and is not complete. */
  readonly isReceiving: boolean
  /** Nothing that comes from now on is read. */
  readonly isEnding: boolean
}

export interface ConnectionBookOptions {
  readonly maxConnections: number
  /** How long a connection may be idle after an answer. */
  readonly idleMs: Readonly<Record<Standing, number>>
  readonly clock: Clock
  readonly onCut: (cut: Cut) => void
}

/** One open connection. */
class Connection implements ConnectionState {
  readonly socket: Socket
  standing: Standing
  namespace = ''
  /** Requests that have begun and are not answered. */
  underWay = 0
  /** The last of them. */
  request: IncomingMessage | undefined
  /** When it was opened, was answered last, or, with standing, began the request under way. */
  sinceMs: number
  answered = 0
  isEnding = false
  /** undefined once it is closed. */
  line: Set<Connection> | undefined

  constructor(socket: Socket, standing: Standing, sinceMs: number) {
    this.socket = socket
    this.standing = standing
    this.sinceMs = sinceMs
  }

  /** Requests come one after the other, so that all but the last are complete. */
  get isAnswering(): boolean {
    return this.underWay > 1 || (this.underWay === 1 && this.request?.complete === true)
  }

  get isReceiving(): boolean {
    return this.underWay > 0 && this.request?.complete === false
  }
}

/** How often idle connections are looked for: none is closed before its time, and none more than this after it. */
const sweepMs = 1_000
const gaveWay: Readonly<Record<Standing, Cut>> = {
  stranger: 'GaveWay',
  proven: 'ProvenGaveWay',
  proxy: 'ProxyGaveWay',
}

/**
 * The open connections of one port, and what each has shown. It keeps them at the bound by closing one when another
 * comes, and closes those that have been idle for longer than their standing allows. Times are of the given clock; it
 * runs a timer only while a connection is open.
 */
export class ConnectionBook {
  readonly #options: ConnectionBookOptions
  readonly #bySocket = new WeakMap<object, Connection>()
  /** Behind TLS a request comes over another object than the one that was accepted. */
  readonly #byPeer = new Map<string, Connection>()
  readonly #lines = {
    strangers: new Set<Connection>(),
    proven: new Map<string, Set<Connection>>(),
    proxies: new Set<Connection>(),
  }
  #open = 0
  #isSweeping = false

  constructor(options: ConnectionBookOptions) {
    this.#options = options
  }

  /** How many are open. */
  count(standing: Standing): number {
    const { strangers, proven, proxies } = this.#lines
    if (standing === 'stranger') return strangers.size
    return standing === 'proxy' ? proxies.size : proven.values().reduce((sum, { size }) => sum + size, 0)
  }

  /** A connection was accepted. Where that is one too many, one of all is closed at once. */
  accept(socket: Socket, standing: 'stranger' | 'proxy'): void {
    const connection = new Connection(socket, standing, this.#options.clock.monotonic())
    const peer = peerOf(socket)
    this.#bySocket.set(socket, connection)
    this.#byPeer.set(peer, connection)
    this.#enter(connection)
    socket.once('close', () => {
      this.#leave(connection)
      if (this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer)
    })
    if (this.#open > this.#options.maxConnections) this.#makeRoom(connection)
    if (this.#isSweeping) return
    this.#isSweeping = true
    this.#options.clock.after(sweepMs, this.#sweep)
  }

  standingOf(socket: Socket): Standing {
    return this.#find(socket)?.standing ?? 'stranger'
  }

  /** undefined for one that was not accepted here. */
  stateOf(socket: Socket): ConnectionState | undefined {
    return this.#find(socket)
  }

  /** Nothing more is read from it: it sent something that is no request, and gets an answer that says so. */
  end(socket: Socket): void {
    const connection = this.#find(socket)
    if (connection !== undefined) connection.isEnding = true
  }

  /** Closes it at once: there is no room for what it sent. */
  crowdOut(socket: Socket): void {
    const connection = this.#find(socket)
    if (connection === undefined || connection.socket.destroyed) return
    this.#cut(connection)
    this.#options.onCut('Crowded')
  }

  /** False: an answer has announced the end of the connection, so that the client expects no answer to this request. */
  begin(request: IncomingMessage): boolean {
    const connection = this.#find(request.socket)
    if (connection === undefined) return true
    if (connection.isEnding) return false
    connection.underWay += 1
    connection.request = request
    if (connection.standing !== 'stranger') this.#requeue(connection)
    return true
  }

  /** It carried an authentic delivery for an object of this namespace. */
  prove(socket: Socket, namespace: string): void {
    const connection = this.#find(socket)
    if (connection === undefined || connection.standing === 'proxy') return
    if (connection.standing === 'proven' && connection.namespace === namespace) return
    if (connection.line === undefined) return
    this.#leave(connection)
    connection.standing = 'proven'
    connection.namespace = namespace
    this.#enter(connection)
  }

  /**
   * One request has its answer, though the client may not have read it. Returns how long the connection may be idle
   * now.
   */
  answered(socket: Socket, { isEnding }: { isEnding: boolean }): number {
    const connection = this.#find(socket)
    if (connection === undefined) return this.#options.idleMs.stranger
    connection.underWay -= 1
    connection.answered += 1
    connection.isEnding ||= isEnding
    this.#requeue(connection)
    return this.#options.idleMs[connection.standing]
  }

  #find(socket: Socket): Connection | undefined {
    const known = this.#bySocket.get(socket)
    if (known !== undefined) return known
    const connection = this.#byPeer.get(peerOf(socket))
    if (connection !== undefined) this.#bySocket.set(socket, connection)
    return connection
  }

  #makeRoom(newcomer: Connection): void {
    const { maxConnections, onCut } = this.#options
    const chosen = whoGivesWay(this.#lines, maxConnections) ?? newcomer
    this.#cut(chosen)
    onCut(chosen === newcomer ? 'NoRoom' : gaveWay[chosen.standing])
  }

  readonly #sweep = (): void => {
    const { clock, idleMs, onCut } = this.#options
    const nowMs = clock.monotonic()
    const { strangers, proven, proxies } = this.#lines
    const close = (line: ReadonlySet<Connection>, limitMs: number) => {
      for (const connection of line) {
        if (nowMs - connection.sinceMs < limitMs) return
        // What has not asked anything yet, or is in the middle of it, ends by the time limits for that.
        if (connection.underWay > 0 || connection.answered === 0) continue
        this.#cut(connection)
        onCut('Idle')
      }
    }
    close(strangers, idleMs.stranger)
    close(proxies, idleMs.proxy)
    for (const line of proven.values()) close(line, idleMs.proven)
    this.#isSweeping = this.#open > 0
    if (this.#isSweeping) clock.after(sweepMs, this.#sweep)
  }

  /** Out of its line at once: the event that says so comes later. */
  #cut(connection: Connection): void {
    connection.isEnding = true
    this.#leave(connection)
    connection.socket.destroy()
  }

  #enter(connection: Connection): void {
    connection.line = this.#lineOf(connection)
    connection.line.add(connection)
    this.#open += 1
  }

  #lineOf({ standing, namespace }: Connection): Set<Connection> {
    const { strangers, proven, proxies } = this.#lines
    if (standing === 'stranger') return strangers
    if (standing === 'proxy') return proxies
    const line = proven.get(namespace) ?? new Set()
    proven.set(namespace, line)
    return line
  }

  /** To the end of its line. */
  #requeue(connection: Connection): void {
    if (connection.line?.delete(connection) !== true) return
    connection.sinceMs = this.#options.clock.monotonic()
    connection.line.add(connection)
  }

  #leave(connection: Connection): void {
    if (connection.line?.delete(connection) !== true) return
    this.#open -= 1
    if (connection.line.size === 0 && connection.standing === 'proven') {
      this.#lines.proven.delete(connection.namespace)
    }
    connection.line = undefined
  }
}

function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
