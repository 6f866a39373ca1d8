import { isIP } from 'node:net'

import type { LookupAddress } from 'node:dns'

/** Addresses by name, lower case. */
export type HostsFile = ReadonlyMap<string, readonly LookupAddress[]>

/**
 * Reads the text of an `/etc/hosts`, in which Kubernetes also writes `hostAliases`. A name on several lines has all
 * their addresses.
 */
export function parseHostsFile(text: string): HostsFile {
  const hosts = new Map<string, LookupAddress[]>()
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const family = isIP(address)
    if (family === 0) continue
    for (const name of names.map((each) => each.toLowerCase())) {
      const known = hosts.get(name) ?? []
      hosts.set(name, known)
      if (!known.some((other) => other.address === address)) known.push({ address, family })
    }
  }
  return hosts
}
