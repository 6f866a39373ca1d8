import { BlockList, isIP } from 'node:net'

/** One entry of a list, read. */
type Entry = (host: string, port: string) => boolean

/**
 * Which URLs are called without the proxy, by the rules of Go's `NO_PROXY`, which the other programs of a cluster
 * follow: `example.com` is the domain and everything below it, `.example.com` and `*.example.com` only what is below,
 * an address is itself, `10.0.0.0/8` a range, `:8443` behind any of them one port, `*` everything. This machine itself
 * never goes through a proxy. An entry that is none of these matches nothing.
 */
export function bypassesProxy(entries: readonly string[]): (url: URL) => boolean {
  const matchers = entries.flatMap((entry) => entry.toLowerCase().split(/[\s,]+/)).flatMap((entry) => readEntry(entry))
  return (url) => {
    const host = hostOf(url)
    const port = url.port === '' ? defaultPort(url) : url.port
    return isThisMachine(host) || matchers.some((matches) => matches(host, port))
  }
}

/** In lower case, an IPv6 address without brackets, a name without the dot that only says that it is whole. */
function hostOf({ hostname }: URL): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/(?<=.)\.$/, '')
}

const defaultPort = ({ protocol }: URL) => (protocol === 'https:' ? '443' : '80')

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function readEntry(entry: string): Entry[] {
  if (entry === '') return []
  if (entry === '*') return [() => true]
  const range = rangeOf(entry)
  if (range !== undefined) return [(host) => isIP(host) !== 0 && range.check(host, familyOf(host))]
  const { name, port: wanted } = splitPort(entry)
  if (name === '') return []
  const fits: Entry = isIP(name) === 0 ? domainEntry(name) : addressEntry(name)
  return [(host, port) => (wanted === '' || wanted === port) && fits(host, port)]
}

function domainEntry(name: string): Entry {
  const bare = name.replace(/^\*\./, '.').replace(/(?<=[^.])\.$/, '')
  const below = bare.startsWith('.') ? bare : `.${bare}`
  return (host) => host.endsWith(below) || host === bare
}

/** Compared as addresses: one can be written in several ways. */
function addressEntry(name: string): Entry {
  const list = new BlockList()
  list.addAddress(name, familyOf(name))
  return (host) => isIP(host) !== 0 && list.check(host, familyOf(host))
}

function rangeOf(entry: string): BlockList | undefined {
  const [address = '', bits = '', ...more] = entry.split('/')
  const family = isIP(address)
  if (family === 0 || !/^\d{1,3}$/.test(bits) || more.length > 0) return undefined
  if (Number(bits) > (family === 4 ? 32 : 128)) return undefined
  const list = new BlockList()
  list.addSubnet(address, Number(bits), familyOf(address))
  return list
}

/** A bare IPv6 address is all colons: only brackets or a single colon set a port apart. */
function splitPort(entry: string): { name: string; port: string } {
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<plain>[^:]*))(?::(?<port>\d+))?$/.exec(entry)
  const { v6, plain, port } = match?.groups ?? {}
  return { name: v6 ?? plain ?? entry, port: port ?? '' }
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
