import { readFileSync } from 'node:fs'

import { connect, credsAuthenticator, PermissionViolationError, type NatsConnection } from '@nats-io/transport-node'

import type { Logger } from '../observability/logger.ts'

export interface NatsSinkAccess {
  /** `nats://host:4222` or `tls://host:4222`; several: servers of one cluster. */
  urls: readonly string[]
  /** A credentials file (JWT and seed), read again at every connect, so that a renewed one is used. */
  credentialsFile?: string
  /** Certificate authorities that sign the servers' certificates, instead of the system's. */
  caFile?: string
}

const connectTimeoutMs = 5_000
const reconnectWaitMs = 250
/** A connection whose other end is gone without a word is noticed after three of these. */
const pingIntervalMs = 10_000
const maxPingsOut = 2
/** Subjects whose refusal is remembered; more than that many are not published to at the same time. */
const maxRefusedSubjects = 1_000

/**
 * One connection for all sinks, made when it is first needed and kept. It is never that of an inbox: whoever publishes for tenants must not be able to
 * publish to the subjects of the server's own API with rights that were given for a stream of ours.
 */
export class NatsSinkConnection {
  readonly #access: NatsSinkAccess
  readonly #logger: Logger
  #connection: NatsConnection | undefined
  #connecting: Promise<NatsConnection | undefined> | undefined
  #isUp = false
  #isClosed = false
  readonly #refusals = new Map<string, number>()

  constructor(access: NatsSinkAccess, logger: Logger) {
    this.#access = access
    this.#logger = logger
  }

  /** The connection while it is up; undefined when there is none now. The first call, and each after a failure, tries to connect. */
  async get(): Promise<NatsConnection | undefined> {
    if (this.#isClosed) return undefined
    if (this.#connection !== undefined && !this.#connection.isClosed()) {
      // What is published while it is down would be kept and sent later, when the delivery has long been tried again.
      return this.#isUp ? this.#connection : undefined
    }
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined))
    return this.#connecting
  }

  /** How often the server refused this subject for want of rights: it says so out of band. */
  refusalsOf(subject: string): number {
    return this.#refusals.get(subject) ?? 0
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#connecting
    await this.#connection?.close()
  }

  async #connect(): Promise<NatsConnection | undefined> {
    const { urls, credentialsFile, caFile } = this.#access
    const isEncrypted = urls.some((url) => url.startsWith('tls://')) || caFile !== undefined
    try {
      const connection = await connect({
        servers: [...urls],
        name: 'gwh-sinks',
        timeout: connectTimeoutMs,
        maxReconnectAttempts: -1,
        reconnectTimeWait: reconnectWaitMs,
        pingInterval: pingIntervalMs,
        maxPingOut: maxPingsOut,
        ignoreAuthErrorAbort: true,
        noAsyncTraces: true,
        ...(isEncrypted && { tls: caFile === undefined ? {} : { caFile } }),
        ...(credentialsFile !== undefined && {
          authenticator: (nonce?: string) => credsAuthenticator(readFileSync(credentialsFile))(nonce),
        }),
      })
      if (this.#isClosed) {
        await connection.close()
        return undefined
      }
      this.#connection = connection
      this.#isUp = true
      void this.#follow(connection)
      this.#logger.info({ server: connection.getServer() }, 'nats_sink.connected')
      return connection
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#logger.warn({ servers: urls, why }, 'nats_sink.unreachable')
      return undefined
    }
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        this.#isUp = false
        this.#logger.warn({ server: status.server }, 'nats_sink.disconnected')
      } else if (status.type === 'reconnect') {
        this.#isUp = true
        this.#logger.info({ server: status.server }, 'nats_sink.reconnected')
      } else if (status.type === 'error') {
        this.#noteError(status.error)
      }
    }
  }

  #noteError(error: Error): void {
    this.#logger.error({ error: error.message }, 'nats_sink.server_error')
    if (!(error instanceof PermissionViolationError) || error.operation !== 'publish') return
    if (this.#refusals.size >= maxRefusedSubjects) this.#refusals.clear()
    this.#refusals.set(error.subject, this.refusalsOf(error.subject) + 1)
  }
}
