import { getCACertificates } from 'node:tls'

import { Agent, Pool, ProxyAgent, type Dispatcher } from 'undici'

import { untilAborted } from '../until-aborted.ts'
import { bypassesProxy } from './bypasses-proxy.ts'
import { parseAuthorities, parseProxyCredentials } from './mounted-contents.ts'
import { readMounted } from './mounted-file.ts'
import { proxyErrorFrom } from './proxy-error.ts'

export interface OutboundSettings {
  /** A URL; user and password may stand in it. */
  readonly httpsProxy?: string | undefined
  /** A file with user:password, which counts more. */
  readonly proxyCredentials?: string | undefined
  readonly proxyBypass?: readonly string[]
  /** A PEM file. */
  readonly trustedCa?: string | undefined
}

interface OutboundOptions {
  /** Absent: the files are read once, for short-lived programs. */
  clock?: { monotonic: () => number }
  /** Connections to one origin at the same time. */
  connections?: number
  /** False: a fresh connection for every request. */
  keepAlive?: boolean
}

type OutboundRequest = Omit<Dispatcher.RequestOptions, 'origin' | 'signal'> & {
  origin: string
  signal: AbortSignal
}

/** The way out of the cluster for calls to Google and to public endpoints. */
export interface Outbound {
  /**
   * Rejects as undici does, with a ProxyError where a proxy is to blame, or with the reason of the signal. Redirects
   * are answers.
   */
  request(request: OutboundRequest): Promise<Dispatcher.ResponseData>
  close(): Promise<void>
}

const connectTimeoutMs = 10_000
/** A last resort behind the deadlines of the callers, the longest of which is two minutes. */
const silenceTimeoutMs = 180_000

/**
 * Opens the way out. Only https goes through the proxy: http is for simulators and playgrounds beside us. All of it
 * comes from the `undici` package, never mixed with Node's own fetch, whose agents are of another version. Throws when
 * a file is unusable; connects to nothing yet.
 */
export function openOutbound(settings: OutboundSettings, options: OutboundOptions = {}): Outbound {
  const { httpsProxy, proxyBypass = [] } = settings
  const bypasses = bypassesProxy(proxyBypass)
  const currentAgents = keepAgents(settings, options)
  return {
    async request({ origin, signal, ...request }) {
      const url = new URL(origin)
      const { direct, proxied } = currentAgents()
      const isProxied = proxied !== undefined && url.protocol === 'https:' && !bypasses(url)
      const agent = isProxied ? proxied : direct
      try {
        // undici looks at the signal of a request that waits for its connection only once that stands; a proxy may
        // never answer CONNECT.
        return await untilAborted(agent.request({ ...request, origin, signal }), signal)
      } catch (error) {
        if (!isProxied || httpsProxy === undefined) throw error
        const target = `${url.hostname}:${url.port || '443'}`
        throw proxyErrorFrom(error, { proxy: new URL(httpsProxy).origin, target })
      }
    },
    close: () => currentAgents().destroy(),
  }
}

/** The agents in force: others as soon as a mounted file says something else. */
function keepAgents(settings: OutboundSettings, options: OutboundOptions): () => Agents {
  const { httpsProxy, trustedCa, proxyCredentials } = settings
  const ca = readMounted({ setting: 'trustedCa', path: trustedCa, parse: parseAuthorities }, options.clock)
  const token = readMounted(
    { setting: 'proxyCredentials', path: proxyCredentials, parse: parseProxyCredentials },
    options.clock,
  )
  const read = () => ({ httpsProxy, ca: ca(), token: token() })
  let files = read()
  let agents = openAgents(files, options)
  return () => {
    const now = read()
    if (now.ca === files.ca && now.token === files.token) return agents
    void agents.close().catch(() => {}) // what runs on them may finish there
    files = now
    agents = openAgents(files, options)
    return agents
  }
}

type Agents = ReturnType<typeof openAgents>

function openAgents(
  { httpsProxy, ca, token }: { httpsProxy: string | undefined; ca: string | undefined; token: string | undefined },
  { connections = 16, keepAlive = true }: OutboundOptions,
) {
  const shared = {
    connections,
    allowH2: false,
    headersTimeout: silenceTimeoutMs,
    bodyTimeout: silenceTimeoutMs,
    ...(!keepAlive && { pipelining: 0 }),
  }
  const tls = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }
  const direct = new Agent({ ...shared, connect: { ...tls, timeout: connectTimeoutMs } })
  const proxied =
    httpsProxy === undefined
      ? undefined
      : new ProxyAgent({
          ...shared,
          uri: httpsProxy,
          ...(token !== undefined && { token }),
          connectTimeout: connectTimeoutMs,
          requestTls: { ...tls },
          proxyTls: { ...tls },
          clientFactory: (origin, given) => new Pool(origin, { ...given, headersTimeout: silenceTimeoutMs }),
        })
  return {
    direct,
    proxied,
    close: async () => void (await Promise.all([direct.close(), proxied?.close()])),
    destroy: async () => void (await Promise.all([direct.destroy(), proxied?.destroy()])),
  }
}
