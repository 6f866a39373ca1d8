import { isIP } from 'node:net'

/** What a pod's `/etc/resolv.conf` says about how names are looked up. */
export interface ResolvConf {
  /** Addresses, each with a port where it is not 53. Never empty. */
  readonly servers: readonly string[]
  /** Domains that are put behind a name, in this order. */
  readonly search: readonly string[]
  /** A name with at least so many dots is asked for as it stands first. */
  readonly ndots: number
}

/** As glibc bounds them; what is beyond is not looked at. */
const maxServers = 3
const maxNdots = 15
/** Kubernetes' own bound. */
const maxSearchDomains = 32
const defaultNdots = 1
/** Where no server is named, one is expected on this machine. */
const defaultServer = '127.0.0.1'

/**
 * Reads the text of a `resolv.conf`. Unknown options are ignored, as in every resolver; of several `search` lines the
 * last counts.
 */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = []
  let search: string[] = []
  let ndots = defaultNdots
  for (const line of text.split('\n')) {
    const [keyword = '', ...values] = line.trim().split(/\s+/)
    if (keyword === 'nameserver' && isIP(values[0] ?? '') !== 0) servers.push(...values.slice(0, 1))
    else if (keyword === 'search') search = values
    else if (keyword === 'domain') search = values.slice(0, 1)
    else if (keyword === 'options') ndots = ndotsOf(values) ?? ndots
  }
  const domains = search
    .map((domain) => domain.toLowerCase().replace(/^\.+|\.+$/g, ''))
    .filter((domain) => domain !== '')
  return {
    servers: servers.length === 0 ? [defaultServer] : servers.slice(0, maxServers),
    search: domains.slice(0, maxSearchDomains),
    ndots,
  }
}

function ndotsOf(options: readonly string[]): number | undefined {
  const found = options.map((option) => /^ndots:(\d+)$/.exec(option)?.[1]).findLast((digits) => digits !== undefined)
  return found === undefined ? undefined : Math.min(Number(found), maxNdots)
}
