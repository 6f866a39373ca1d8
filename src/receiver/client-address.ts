import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Proxies beyond this many are not ours, and a header may hold thousands of entries. */
const maxHops = 16

/** The address of the sender of a request. For logs only: no decision depends on a header. */
export type ClientAddressOf = (request: Pick<IncomingMessage, 'socket' | 'headers'>) => string | undefined

/** The proxies of the installation. `ranges` are address ranges; throws on one that is none. */
export class TrustedProxies {
  readonly #list = new BlockList()

  constructor(ranges: readonly string[]) {
    for (const range of ranges) addRange(this.#list, range)
  }

  /** Of an address as a socket shows it. */
  has(address: string | undefined): boolean {
    return isTrusted(this.#list, unmapped(address) ?? '')
  }
}

/**
 * Reads `X-Forwarded-For` as far as it was written by proxies of the installation: from the end, each address that a
 * trusted proxy named, until one that is not trusted itself. What a client put in front is never reached. Without
 * proxies it is the address of the connection.
 */
export function createClientAddressOf(trusted: TrustedProxies): ClientAddressOf {
  return ({ socket, headers }) => {
    let address = unmapped(socket.remoteAddress)
    if (address === undefined || !trusted.has(address)) return address
    const hops = String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .slice(-maxHops)
    while (hops.length > 0 && trusted.has(address)) {
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

/** A socket for both families shows IPv4 addresses inside IPv6 ones; logs and ranges want them as they are. */
export function unmapped(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}

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
