import { isIP } from 'node:net'

import ipaddr from 'ipaddr.js'

/**
 * `cluster`: private addresses are fine, for Services. `public`: only what the whole internet can reach, or what the
 * installation allows.
 */
export type Reach = 'cluster' | 'public'

export interface AddressRuleOptions {
  /** Ranges that sinks with a URI may reach although they are not public, such as `10.20.0.0/16`. */
  allowedCidrs?: readonly string[]
  /** Ranges that no sink may reach, such as node addresses in a public range. They win over all else. */
  deniedCidrs?: readonly string[]
  /** Addresses and names of the API server. */
  apiServerHosts?: readonly string[]
  /** Where the API server itself listens, by `endpointKey`. Read at each check, so that it may change. */
  apiServerEndpoints?: ReadonlySet<string>
  /** Those of `kubeletPorts` that sinks may reach nevertheless. */
  allowedPorts?: readonly number[]
  /**
   * Lets sinks reach loopback addresses. For the sandbox and tests only: in a pod, sinks could then reach its own
   * ports.
   */
  allowLoopback?: boolean
}

type Cidr = [ipaddr.IPv4 | ipaddr.IPv6, number]

export interface AddressRules {
  readonly allowed: readonly Cidr[]
  readonly denied: readonly Cidr[]
  /** Names, normalised. */
  readonly deniedNames: ReadonlySet<string>
  readonly deniedPorts: ReadonlySet<number>
  readonly deniedEndpoints: ReadonlySet<string>
  readonly allowLoopback: boolean
}

/**
 * Clouds issue credentials at these addresses, which look like ordinary public or private ones. Link-local ones need no
 * entry.
 */
const metadataAddresses = ['168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254']

/**
 * Where every node listens: the kubelet, which runs commands in pods for authorized clients, its read-only port, and
 * the health port of kube-proxy. Which addresses are nodes is not known here, so nothing is reached at these ports
 * anywhere.
 */
export const kubeletPorts: readonly number[] = [10250, 10255, 10256]

/** The API server answers to these in every cluster, with and without the cluster's domain behind. */
const apiServerName = /^kubernetes(?:\.default(?:\.svc(?:\..+)?)?)?$/

/** Throws a RangeError that names the entry when one is not an address range. */
export function createAddressRules(options: AddressRuleOptions = {}): AddressRules {
  const { allowedCidrs = [], deniedCidrs = [], apiServerHosts = [], allowedPorts = [], allowLoopback = false } = options
  const hosts = apiServerHosts.map(normalizeHost)
  const addresses = [...metadataAddresses, ...hosts.filter((host) => ipaddr.isValid(host))]
  return {
    allowed: allowedCidrs.map((cidr) => parseCidr(cidr, 'allowedCidrs')),
    denied: [...deniedCidrs.map((cidr) => parseCidr(cidr, 'deniedCidrs')), ...addresses.map(asCidr)],
    deniedNames: new Set(hosts),
    deniedPorts: new Set(kubeletPorts.filter((port) => !allowedPorts.includes(port))),
    deniedEndpoints: options.apiServerEndpoints ?? new Set(),
    allowLoopback,
  }
}

/** Lower case, without the brackets of an IPv6 address and without trailing dots, which name the same host. */
export function normalizeHost(host: string): string {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  return bare.toLowerCase().replace(/\.+$/, '')
}

/** Names that no sink may use, whatever they resolve to. Expects a normalised host. */
export function isForbiddenName(host: string, rules: AddressRules): boolean {
  return host === '' || rules.deniedNames.has(host) || apiServerName.test(host)
}

/** Names one port of one address, in whatever notation that is given. */
export function endpointKey(text: string, port: number): string {
  return keyOf(readAddress(text) ?? text, port)
}

/** The judgement of a host, name or address, and a port before any lookup. */
export function isForbiddenHost(given: string, port: number, { reach, rules }: { reach: Reach; rules: AddressRules }) {
  const host = normalizeHost(given)
  if (rules.deniedPorts.has(port)) return true
  return isIP(host) === 0 ? isForbiddenName(host, rules) : isForbiddenAddress(host, reach, rules, port)
}

/**
 * Whether a sink may be reached at this address, given in any notation. What cannot be read is forbidden. Loopback,
 * link-local, metadata and denied addresses are forbidden for every reach, also inside an IPv6 address that carries
 * them, and so are the endpoints of the API server. Port 0: an address that is judged for no connection in particular.
 */
export function isForbiddenAddress(text: string, reach: Reach, rules: AddressRules, port = 0): boolean {
  const address = readAddress(text)
  if (address === undefined || rules.deniedEndpoints.has(keyOf(address, port))) return true
  const range: string = address.range()
  if (range === 'loopback') return !rules.allowLoopback
  const carried = carriedIPv4(address)
  if (carried !== undefined && rules.deniedEndpoints.has(keyOf(carried, port))) return true
  if (isNeverAllowed(address, rules) || (carried !== undefined && isNeverAllowed(carried, rules))) return true
  if (matchesAny(address, rules.allowed)) return false
  if (carried !== undefined) return true // the destination of a translated or tunnelled address is uncertain
  if (range === 'unicast') return false
  return !(reach === 'cluster' && privateRanges.has(range))
}

/** undefined: it is none. Read once for each judgement, because reading takes longer than all that follows. */
function readAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  try {
    return ipaddr.process(text)
  } catch {
    return undefined
  }
}

function keyOf(address: ipaddr.IPv4 | ipaddr.IPv6 | string, port: number): string {
  return `${address.toString()} ${port}`
}

/** `carrierGradeNat` is what some clusters give to their pods. */
const privateRanges = new Set(['private', 'uniqueLocal', 'carrierGradeNat'])
const neverRanges = new Set(['loopback', 'linkLocal', 'unspecified', 'multicast', 'broadcast', 'deprecatedSiteLocal'])

function isNeverAllowed(address: ipaddr.IPv4 | ipaddr.IPv6, rules: AddressRules): boolean {
  return neverRanges.has(address.range()) || matchesAny(address, rules.denied)
}

const ipv4Compatible: Cidr = [ipaddr.parse('::'), 96]
const isatapMarker = 0x5efe

/**
 * The IPv4 address inside an IPv6 address that is made to carry one; undefined for ordinary addresses. Mapped ones have
 * been unwrapped before.
 */
function carriedIPv4(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | undefined {
  if (address.kind() === 'ipv4') return undefined
  const bytes = address.toByteArray()
  const at = (offset: number) => new ipaddr.IPv4(bytes.slice(offset, offset + 4))
  switch (address.range()) {
    case 'rfc6052': // 64:ff9b::/96 and 64:ff9b:1::/48, NAT64
    case 'rfc6145':
      return at(12)
    case '6to4':
      return at(2)
    case 'teredo': // the client's address, every bit turned round
      return new ipaddr.IPv4(bytes.slice(12).map((byte) => byte ^ 0xff))
    default: {
      const isIsatap = (((bytes[10] ?? 0) << 8) | (bytes[11] ?? 0)) === isatapMarker && ((bytes[8] ?? 0) & 0xfd) === 0
      return isIsatap || address.match(ipv4Compatible) ? at(12) : undefined
    }
  }
}

function matchesAny(address: ipaddr.IPv4 | ipaddr.IPv6, ranges: readonly Cidr[]): boolean {
  return ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
}

function parseCidr(cidr: string, field: string): Cidr {
  if (!ipaddr.isValidCIDR(cidr)) {
    throw new RangeError(`${field}: "${cidr}" is not an address range such as 10.0.0.0/8 or fd00::/8; correct it`)
  }
  return ipaddr.parseCIDR(cidr)
}

function asCidr(text: string): Cidr {
  const address = ipaddr.process(text)
  return [address, address.toByteArray().length * 8]
}
