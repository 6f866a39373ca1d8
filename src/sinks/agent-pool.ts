import { createHash } from 'node:crypto'

import { Agent } from 'undici'

import type { AddressRules, Reach } from './address-guard.ts'
import { createGuardedConnector, lookupAll, type LookupAll } from './guarded-connector.ts'

/** What a connection is made with besides its address. PEM. */
export interface TlsMaterial {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** One destination must not use up the sockets of the process; requests beyond wait for a connection, within their own timeout. */
const maxConnectionsPerOrigin = 128
/** Shorter than the five seconds after which Node's own servers close: reusing a connection that is being closed costs an attempt. */
const idleConnectionMs = 4_000
/** Of agents with certificates of their own; the longest unused one goes first. */
const maxTlsAgents = 256

/**
 * Connections, apart by what they were made for: one for a Service must not serve a URI, and one that was made with yesterday's certificate must not carry
 * today's events. A changed certificate is another agent, so rotation needs no restart; the old one finishes what it has begun.
 */
export class AgentPool {
  readonly #options: { addressRules: AddressRules; lookup?: LookupAll | undefined }
  readonly #plain: Record<Reach, Agent>
  readonly #withTls = new Map<string, Agent>()
  readonly #closing = new Set<Promise<void>>()

  constructor(options: { addressRules: AddressRules; lookup?: LookupAll | undefined }) {
    this.#options = options
    this.#plain = { cluster: this.#create('cluster', {}), public: this.#create('public', {}) }
  }

  get(reach: Reach, tls: TlsMaterial): Agent {
    const { ca, cert, key } = tls
    if (ca === undefined && cert === undefined) return this.#plain[reach]
    const id = createHash('sha256')
      .update(JSON.stringify([reach, ca, cert, key]))
      .digest('base64')
    const known = this.#withTls.get(id)
    const agent = known ?? this.#create(reach, tls)
    this.#withTls.delete(id)
    this.#withTls.set(id, agent)
    const oldest = this.#withTls.entries().next()
    if (this.#withTls.size > maxTlsAgents && oldest.done !== true) this.#retire(...oldest.value)
    return agent
  }

  /** Connections under way are cut off: whoever closes has waited for the attempts before. */
  async destroy(): Promise<void> {
    const agents = [...Object.values(this.#plain), ...this.#withTls.values()]
    await Promise.all([...agents.map((agent) => agent.destroy()), ...this.#closing])
  }

  #retire(id: string, agent: Agent): void {
    this.#withTls.delete(id)
    const closed = agent.close().catch(() => {})
    this.#closing.add(closed)
    void closed.finally(() => this.#closing.delete(closed))
  }

  /** One pool for each origin; a pool without connections is dropped. Timeouts are ours, so that one clock rules them all. */
  #create(reach: Reach, tls: TlsMaterial): Agent {
    const { addressRules, lookup = lookupAll } = this.#options
    return new Agent({
      connections: maxConnectionsPerOrigin,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: idleConnectionMs,
      keepAliveMaxTimeout: idleConnectionMs,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: createGuardedConnector({ reach, rules: addressRules, lookup, connectTimeoutMs: 10_000, tls }),
    })
  }
}
