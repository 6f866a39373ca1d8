import dns, { type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'

import { isForbiddenAddress, isForbiddenHost, type AddressRules, type Reach } from './address-guard.ts'

/** All addresses of a name, or an error. */
export type LookupAll = (
  hostname: string,
  callback: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void

class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError'
  readonly code = 'ERR_SINK_ADDRESS_FORBIDDEN'
  constructor() {
    super('the host of the sink is, or resolves to, an address that sinks may not reach')
  }
}

export interface GuardOptions {
  readonly reach: Reach
  readonly rules: AddressRules
  readonly lookup: LookupAll
}

/** With the resolver of the process, which in every role is our own. */
export const lookupAll: LookupAll = (hostname, callback) =>
  dns.lookup(hostname, { all: true }, (error, addresses) => callback(error, addresses))

/**
 * Lets connections go only to addresses that sinks may reach. A host that is an address is judged as it stands, since
 * no lookup happens for it; a name is resolved once, every one of its addresses must pass, and the connection goes to
 * exactly those: a second lookup with another answer never takes place.
 */
export class AddressGuard {
  readonly #options: GuardOptions
  readonly #lookup: LookupAll

  constructor(options: GuardOptions) {
    this.#options = options
    this.#lookup = shareLookups(options.lookup)
  }

  /** What is wrong with a host and a port before anything is looked up. */
  refusalOf(host: string, port: number): Error | undefined {
    const { reach, rules } = this.#options
    return isForbiddenHost(host, port, { reach, rules }) ? new ForbiddenAddressError() : undefined
  }

  /** The lookup for connections to this port. */
  lookupFor(port: number): LookupFunction {
    const { reach, rules } = this.#options
    return (hostname, { all }, callback) => {
      this.#lookup(hostname, (error, addresses) => {
        if (error !== null) return callback(error, '', 0)
        const [first] = addresses
        const isForbidden = addresses.some(({ address }) => isForbiddenAddress(address, reach, rules, port))
        if (first === undefined || isForbidden) return callback(new ForbiddenAddressError(), '', 0)
        if (all === true) return callback(null, [...addresses])
        callback(null, first.address, first.family)
      })
    }
  }
}

/**
 * One lookup at a time for each name, whatever looks it up: every new connection would otherwise look up a name that
 * hangs.
 */
function shareLookups(lookup: LookupAll): LookupAll {
  const waiting = new Map<string, Parameters<LookupAll>[1][]>()
  return (hostname, callback) => {
    const others = waiting.get(hostname)
    if (others !== undefined) return void others.push(callback)
    const callbacks = [callback]
    waiting.set(hostname, callbacks)
    lookup(hostname, (error, addresses) => {
      waiting.delete(hostname)
      for (const each of callbacks) each(error, addresses)
    })
  }
}
