import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

import type { NameResolver } from './name-resolver.ts'

/** Options of `dns.lookup`; hints are ignored. */
export interface LookupOptions {
  family?: number | 'IPv4' | 'IPv6' | undefined
  all?: boolean | undefined
}

type LookupCallback = (error: Error | null, address: string | null | LookupAddress[], family?: number) => void

/** A stand-in for `dns.lookup`, for all who connect by name. */
export type Lookup = (
  hostname: string,
  options: LookupOptions | number | LookupCallback | null | undefined,
  callback?: LookupCallback,
) => void

export function createLookup(resolver: Pick<NameResolver, 'resolve'>): Lookup {
  return (hostname, given, last) => {
    const callback = typeof given === 'function' ? given : last
    if (callback === undefined) throw new TypeError('lookup: the callback is missing')
    const options = typeof given === 'number' ? { family: given } : typeof given === 'function' ? {} : (given ?? {})
    const answer = (addresses: readonly LookupAddress[]) => {
      const [first] = addresses
      if (options.all === true) return callback(null, [...addresses])
      callback(null, first?.address ?? null, first?.family ?? 0)
    }
    const literal = isIP(hostname)
    if (literal !== 0) return queueMicrotask(() => answer([{ address: hostname, family: literal }]))
    resolveOrdered(resolver, hostname, familyOf(options.family)).then(
      // Out of the promise: what a callback throws is its own caller's, not ours.
      (addresses) => setImmediate(answer, addresses),
      (error: Error) => setImmediate(callback, error, null),
    )
  }
}

async function resolveOrdered(
  resolver: Pick<NameResolver, 'resolve'>,
  hostname: string,
  family: number,
): Promise<readonly LookupAddress[]> {
  const addresses = await resolver.resolve(hostname)
  const ordered = orderAddresses(addresses, hasIPv4())
  const fitting = family === 0 ? ordered : ordered.filter((address) => address.family === family)
  if (fitting.length > 0) return fitting
  throw Object.assign(new Error(`lookup ENOTFOUND ${hostname}: no address of family ${family}`), { code: 'ENOTFOUND' })
}

/**
 * IPv4 first where this machine has it: in a cluster it leads out more often than IPv6, whose addresses tend to be
 * private there. A client tries the others when the first does not answer.
 */
export function orderAddresses(addresses: readonly LookupAddress[], hasOwnIPv4: boolean): readonly LookupAddress[] {
  const firstFamily = hasOwnIPv4 ? 4 : 6
  return addresses.toSorted((a, b) => Number(b.family === firstFamily) - Number(a.family === firstFamily))
}

function hasIPv4(): boolean {
  return Object.values(networkInterfaces()).some((of) => of?.some((own) => own.family === 'IPv4' && !own.internal))
}

function familyOf(family: LookupOptions['family']): number {
  if (family === 'IPv4') return 4
  if (family === 'IPv6') return 6
  return family ?? 0
}
