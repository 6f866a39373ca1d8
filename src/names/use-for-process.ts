import dns from 'node:dns'

import type { Clock } from '../clock.ts'
import { createLookup } from './lookup-function.ts'
import { NameResolver } from './name-resolver.ts'

/**
 * Makes every connection by name in this process use our resolver instead of the system's. `dns.lookup` is replaced,
 * because the libraries that connect for us (Google's SDK, the NATS client, the built-in fetch) take no resolver as an
 * argument, and one of them that still waited for a thread would delay the others. Elsewhere than on Linux nothing
 * changes: names come from other places than these files there. The returned function undoes it.
 */
export function useOwnResolver(clock: Clock): () => void {
  if (process.platform !== 'linux') return () => {}
  const resolver = new NameResolver({ clock })
  const before = dns.lookup
  // The overloads of `dns.lookup` are those of its callbacks; ours answers each of them.
  dns.lookup = createLookup(resolver) as typeof dns.lookup
  return () => {
    dns.lookup = before
    resolver.close()
  }
}
