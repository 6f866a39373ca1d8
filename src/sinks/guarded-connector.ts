import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

import { buildConnector } from 'undici'

import { isForbiddenAddress, isForbiddenName, normalizeHost, type AddressRules, type Reach } from './address-guard.ts'

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

interface GuardOptions {
  reach: Reach
  rules: AddressRules
  lookup: LookupAll
  connectTimeoutMs: number
  /** PEM, for https. */
  tls?: { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined }
}

/** By the system's resolver, so that the hosts file and the search domains of the pod count. */
export const lookupAll: LookupAll = (hostname, callback) =>
  systemLookup(hostname, { all: true }, (error, addresses) => callback(error, addresses))

/**
 * Connects only to addresses that sinks may reach. A host that is an address is checked as it stands, since no lookup happens for it; a name is resolved
 * once, every one of its addresses must pass, and the connection goes to exactly those: a second lookup with another answer never takes place.
 */
export function createGuardedConnector(options: GuardOptions): buildConnector.connector {
  const { reach, rules, connectTimeoutMs, tls: { ca, cert, key } = {} } = options
  const connect = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    lookup: guardedLookup(options),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  })
  return (target, callback) => {
    const host = normalizeHost(target.hostname)
    const isForbidden = isIP(host) === 0 ? isForbiddenName(host, rules) : isForbiddenAddress(host, reach, rules)
    if (isForbidden) return queueMicrotask(() => callback(new ForbiddenAddressError(), null))
    connect(target, callback)
  }
}

function guardedLookup({ reach, rules, lookup }: GuardOptions): LookupFunction {
  const shared = shareLookups(lookup)
  return (hostname, { all }, callback) => {
    shared(hostname, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      const [first] = addresses
      const isForbidden = addresses.some(({ address }) => isForbiddenAddress(address, reach, rules))
      if (first === undefined || isForbidden) return callback(new ForbiddenAddressError(), '', 0)
      if (all === true) return callback(null, [...addresses])
      callback(null, first.address, first.family)
    })
  }
}

/**
 * One lookup at a time for each name. The system's resolver has four threads for the whole process, and a name that hangs, asked for by every new
 * connection, would hold all of them.
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
