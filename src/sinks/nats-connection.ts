import { PermissionViolationError, type NatsConnection } from '@nats-io/transport-node'

import { connectToNats, watchConnection, type NatsAccess } from '../nats/connect-to-nats.ts'
import type { Logger } from '../observability/logger.ts'

/** Subjects whose refusal is remembered; more than that many are not published to at the same time. */
const maxRefusedSubjects = 1_000

/**
 * One connection for all sinks, made when it is first needed and kept. It is never that of an inbox: events of tenants
 * must not be published with the rights that the inbox has for the subjects of the server's own API.
 */
export class NatsSinkConnection {
  readonly #access: NatsAccess
  readonly #logger: Logger
  #connection: NatsConnection | undefined
  #connecting: Promise<NatsConnection | undefined> | undefined
  #isUp = false
  #isClosed = false
  readonly #refusals = new Map<string, number>()
  #refused = 0

  constructor(access: NatsAccess, logger: Logger) {
    this.#access = access
    this.#logger = logger
  }

  /**
   * The connection while it is up; undefined when there is none now. The first call, and each after a failure, tries to
   * connect.
   */
  async get(): Promise<NatsConnection | undefined> {
    if (this.#isClosed) return undefined
    if (this.#connection !== undefined && !this.#connection.isClosed()) {
      // What is published while it is down would be kept and sent later, when the delivery has long been tried again.
      return this.#isUp ? this.#connection : undefined
    }
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined))
    return this.#connecting
  }

  /**
   * The running number of the last time that the server refused this subject because of missing rights, which it
   * reports out of band; 0 where it is not known to have.
   */
  lastRefusalOf(subject: string): number {
    return this.#refusals.get(subject) ?? 0
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#connecting
    await this.#connection?.close()
  }

  async #connect(): Promise<NatsConnection | undefined> {
    try {
      const connection = await connectToNats(this.#access, 'gwh-sinks')
      if (this.#isClosed) {
        await connection.close()
        return undefined
      }
      this.#connection = connection
      this.#isUp = true
      void watchConnection(
        connection,
        { name: 'nats_sink', logger: this.#logger },
        { onChange: (isUp) => (this.#isUp = isUp), onError: (error) => this.#noteError(error) },
      )
      this.#logger.info({ server: connection.getServer() }, 'nats_sink.connected')
      return connection
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#logger.warn({ servers: this.#access.urls, why }, 'nats_sink.unreachable')
      return undefined
    }
  }

  #noteError(error: Error): void {
    if (!(error instanceof PermissionViolationError) || error.operation !== 'publish') return
    if (this.#refusals.size >= maxRefusedSubjects) this.#refusals.clear()
    // Counted for all together: one that is counted anew after the others were forgotten must not look like the one
    // before.
    this.#refused += 1
    this.#refusals.set(error.subject, this.#refused)
  }
}
