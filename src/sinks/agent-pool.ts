import { hash } from 'node:crypto'

import type { Clock } from '../clock.ts'
import { SharedCache } from '../fairness/shared-cache.ts'
import type { AddressRules, Reach } from './address-guard.ts'
import { ConnectionPool, type TlsMaterial } from './connection-pool.ts'
import { lookupAll, type LookupAll } from './guarded-lookup.ts'

interface AgentPoolOptions {
  readonly addressRules: AddressRules
  readonly clock: Clock
  readonly lookup?: LookupAll | undefined
}

/** Of pools with certificates of their own; the longest unused one of the namespace that has most goes first. */
const maxTlsPools = 256

/**
 * Connections, apart by what they were made for: one for a Service must not serve a URI, and one that was made with
 * yesterday's certificate must not carry today's events. A changed certificate is another pool, so rotation needs no
 * restart; the old one finishes what it has begun.
 */
export class AgentPool {
  readonly #options: AgentPoolOptions
  readonly #plain: Record<Reach, ConnectionPool>
  readonly #withTls = new SharedCache<ConnectionPool>(maxTlsPools)
  /** Those that finish what they have begun. */
  readonly #retired = new Set<ConnectionPool>()

  constructor(options: AgentPoolOptions) {
    this.#options = options
    this.#plain = { cluster: this.#create('cluster', {}), public: this.#create('public', {}) }
  }

  /** Those with certificates belong to one namespace each, so that one with many displaces only its own. */
  get(namespace: string, reach: Reach, tls: TlsMaterial): ConnectionPool {
    const { ca, cert, key } = tls
    if (ca === undefined && cert === undefined) return this.#plain[reach]
    const id = hash('sha256', JSON.stringify([namespace, reach, ca, cert, key]), 'base64')
    const known = this.#withTls.get(id)
    if (known !== undefined) return known
    const pool = this.#create(reach, tls)
    const dropped = this.#withTls.add(namespace, id, pool)
    if (dropped !== undefined) this.#retire(dropped)
    return pool
  }

  /** Cuts off connections under way: the caller has waited for the attempts before. */
  destroy(): void {
    for (const pool of [...Object.values(this.#plain), ...this.#withTls.values(), ...this.#retired]) pool.destroy()
  }

  #retire(pool: ConnectionPool): void {
    pool.close()
    for (const retired of this.#retired) if (retired.isIdle) this.#retired.delete(retired)
    this.#retired.add(pool)
  }

  #create(reach: Reach, tls: TlsMaterial): ConnectionPool {
    const { addressRules, clock, lookup = lookupAll } = this.#options
    return new ConnectionPool({ reach, rules: addressRules, lookup, tls, clock })
  }
}
