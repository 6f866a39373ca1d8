import { Agent as HttpAgent, type AgentOptions } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext } from 'node:tls'

import type { Clock } from '../clock.ts'
import { guardReading } from './connection-gate.ts'
import { AddressGuard, type GuardOptions } from './guarded-lookup.ts'

/** What a connection is made with besides its address. PEM. */
export interface TlsMaterial {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

export interface ConnectionPoolOptions extends GuardOptions {
  readonly tls: TlsMaterial
  readonly clock: Clock
}

/**
 * Kept for later. There are as many open as there are attempts under way, which are shared where they begin: a bound by
 * destination would have two namespaces that send to one host wait for each other.
 */
const maxKeptPerOrigin = 128
/**
 * Shorter than the five seconds after which Node's own servers close: reusing a connection that is being closed costs
 * an attempt.
 */
const idleConnectionMs = 4_000
/**
 * Without Diffie-Hellman in groups that the server makes up: one of 10,000 bits costs the serving thread most of a
 * second for every handshake. A server that supports them supports elliptic curves, too.
 */
const ciphers = `${DEFAULT_CIPHERS}:!DHE`
/** Of one connection: two are usual, and a renewed one now and then. */
const maxSessions = 32
/** Name, connection and TLS together. */
const connectTimeoutMs = 10_000

class ConnectTimeoutError extends Error {
  override readonly name = 'ConnectTimeoutError'
  readonly code = 'ETIMEDOUT'
  constructor() {
    super(`no connection to the sink within ${connectTimeoutMs / 1_000} s`)
  }
}

/** `kept`: one that was used before where there is one. `new`: made for the request, and closed after it. */
export type ConnectionKind = 'kept' | 'new'

/** The connections to all origins that are reached with one TLS material and under one rule for addresses. */
export class ConnectionPool {
  readonly #http: Record<ConnectionKind, GuardedHttpAgent>
  readonly #https: Record<ConnectionKind, GuardedHttpsAgent>
  #closed = false
  #destroyed = false

  constructor(options: ConnectionPoolOptions) {
    const { clock, tls } = options
    const guard = new AddressGuard(options)
    const deps = { guard, clock }
    const kept = { keepAlive: true, maxFreeSockets: maxKeptPerOrigin, timeout: idleConnectionMs }
    const secureContext = onceMade(tls)
    this.#http = { kept: new GuardedHttpAgent(kept, deps), new: new GuardedHttpAgent({}, deps) }
    this.#https = {
      kept: new GuardedHttpsAgent(kept, { ...deps, secureContext }),
      new: new GuardedHttpsAgent({}, { ...deps, secureContext }),
    }
  }

  get closed(): boolean {
    return this.#closed
  }

  get destroyed(): boolean {
    return this.#destroyed
  }

  /** Nothing is under way. */
  get isIdle(): boolean {
    return this.#agents.every(({ sockets }) => Object.keys(sockets).length === 0)
  }

  agentFor(isEncrypted: boolean, connection: ConnectionKind): HttpAgent {
    return (isEncrypted ? this.#https : this.#http)[connection]
  }

  /** What is under way may finish; no connection is kept from now on. */
  close(): void {
    this.#closed = true
    for (const agent of this.#agents) {
      agent.maxFreeSockets = 0
      for (const socket of Object.values(agent.freeSockets).flatMap((idle) => idle ?? [])) socket.destroy()
    }
  }

  /** Cuts off what is under way. */
  destroy(): void {
    this.#destroyed = true
    for (const agent of this.#agents) agent.destroy()
  }

  get #agents(): HttpAgent[] {
    return [...Object.values(this.#http), ...Object.values(this.#https)]
  }
}

interface AgentDeps {
  readonly guard: AddressGuard
  readonly clock: Clock
}

type CreateConnection = HttpAgent['createConnection']
type ConnectionOptions = Parameters<CreateConnection>[0]
type OnConnection = Parameters<CreateConnection>[1]

class GuardedHttpAgent extends HttpAgent {
  readonly #deps: AgentDeps

  constructor(options: AgentOptions, deps: AgentDeps) {
    super(options)
    this.#deps = deps
  }

  override createConnection(...[options, done]: Parameters<CreateConnection>): Duplex | null | undefined {
    return guarded(this.#deps, options, done, 'connect', (checked) => super.createConnection(checked, done))
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  readonly #deps: AgentDeps & { secureContext: () => SecureContext }

  constructor(
    options: ConstructorParameters<typeof HttpsAgent>[0],
    deps: AgentDeps & { secureContext: () => SecureContext },
  ) {
    super(options)
    this.#deps = deps
  }

  override createConnection(...[options, done]: Parameters<CreateConnection>): Duplex | null | undefined {
    const { secureContext } = this.#deps
    return guarded(this.#deps, options, done, 'secureConnect', (checked) =>
      super.createConnection({ ...checked, secureContext: secureContext() } as ConnectionOptions, done),
    )
  }

  /**
   * All of a pool's connections share their material: Node would otherwise build a name of whole certificates for every
   * request.
   */
  override getName(options: AgentOptions & { servername?: string } = {}): string {
    const { host = '', port = '', servername = '' } = options
    // What was verified for one name must not serve another at the same address.
    return `${host}:${port}:${servername}`
  }
}

/**
 * Read when it is needed first, and for all connections: Node would read the certificates for each of them, and the
 * owner of a sink may name some hundreds and make every connection close. Throws each time what was wrong with them.
 */
function onceMade(tls: TlsMaterial): () => SecureContext {
  let made: { context: SecureContext } | { error: unknown } | undefined
  return () => {
    made ??= make(tls)
    if ('error' in made) throw made.error
    return made.context
  }
}

function make(tls: TlsMaterial): { context: SecureContext } | { error: unknown } {
  const given = Object.fromEntries(Object.entries(tls).filter(([, pem]) => pem !== undefined))
  try {
    return { context: createSecureContext({ ...given, ciphers }) }
  } catch (error) {
    return { error }
  }
}

/** No lookup happens for a host that is an address, so it is judged here; a name is looked up by the guard. */
function guarded(
  { guard, clock }: AgentDeps,
  options: ConnectionOptions,
  done: OnConnection,
  connected: 'connect' | 'secureConnect',
  create: (checked: ConnectionOptions) => Duplex | null | undefined,
): Duplex | null | undefined {
  const refuse = (error: Error) => queueMicrotask(() => done?.(error, undefined as unknown as Duplex))
  const port = Number(options.port)
  const refusal = guard.refusalOf(options.host ?? '', port)
  if (refusal !== undefined) {
    refuse(refusal)
    return undefined
  }
  try {
    const socket = create({ ...options, lookup: guard.lookupFor(port) })
    if (socket === null || socket === undefined) return socket
    guardReading(socket)
    boundConnecting(socket as Socket, connected, clock)
    boundSessions(socket)
    return socket
  } catch (error) {
    refuse(error as Error) // certificates that are none
    return undefined
  }
}

function boundConnecting(socket: Socket, connected: string, clock: Clock): void {
  const cancel = clock.after(connectTimeoutMs, () => socket.destroy(new ConnectTimeoutError()))
  socket.once(connected, cancel)
  socket.once('close', cancel)
}

/** A server of TLS 1.3 may send tickets for as long as it likes, and none of them passes as an answer. */
function boundSessions(socket: Duplex): void {
  let sessions = 0
  socket.on('session', () => {
    sessions += 1
    if (sessions > maxSessions) socket.destroy()
  })
}
