import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Proxies beyond this many are not ours, and a header may hold thousands of entries. */
const maxHops = 16

/** Says who sent a request. For logs only: nothing is decided by it. */
export type ClientAddressOf = (request: Pick<IncomingMessage, 'socket' | 'headers'>) => string | undefined

/**
 * Reads `X-Forwarded-For` as far as it was written by proxies of the installation: from the end, each address that a trusted proxy named, until one that is
 * not trusted itself. What a client put in front is never reached. Without `trustedProxies` it is the address of the connection. `trustedProxies` are
 * address ranges; throws on one that is none.
 */
export function createClientAddressOf(trustedProxies: readonly string[]): ClientAddressOf {
  const trusted = new BlockList()
  for (const range of trustedProxies) addRange(trusted, range)
  return ({ socket, headers }) => {
    let address = socket.remoteAddress
    if (address === undefined || !isTrusted(trusted, address)) return address
    const hops = String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .slice(-maxHops)
    while (hops.length > 0 && isTrusted(trusted, address)) {
      const hop = bareAddress(hops.pop() ?? '')
      if (hop === undefined) break
      address = hop
    }
    return address
  }
}

function addRange(list: BlockList, range: string): void {
  const [network = '', bits = ''] = range.split('/')
  const version = isIP(network)
  if (version === 0) throw new RangeError(`trustedProxies: "${range}" is not an address range; correct it`)
  list.addSubnet(network, Number(bits), version === 4 ? 'ipv4' : 'ipv6')
}

/** IPv4 addresses inside IPv6 ones, which is how a socket for both shows them, are found in ranges of IPv4. */
function isTrusted(list: BlockList, address: string): boolean {
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

/** Some proxies add the port; `unknown` and names are no addresses. */
function bareAddress(hop: string): string | undefined {
  const text = hop.trim()
  const [, bracketed] = /^\[([0-9A-Fa-f:.]+)\](?::\d+)?$/.exec(text) ?? []
  const [, withPort] = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text) ?? []
  const address = bracketed ?? withPort ?? text
  return isIP(address) === 0 ? undefined : address
}
