import { isIP } from 'node:net'

import { Agent, request, type Dispatcher } from 'undici'

import type { Clock } from '../clock.ts'
import type { AttemptResult } from './retry-schedule.ts'

/**
 * Where connections really go, as curl's --connect-to: from `host:port`, `host` or `*` (any) to an origin such as
 * `http://127.0.0.1:8080`. With an http origin there is no TLS on the way, whatever the URI says; the Host header stays
 * the URI's. The most precise entry wins.
 */
export type ConnectTo = Readonly<Record<string, string>>

export interface Outgoing {
  uri: string
  headers: Record<string, string>
  body: Uint8Array
  timeoutMs: number
  acceptSelfSigned: boolean
}

export interface DeliveryTransport {
  /** One POST, no redirect followed; never throws. */
  send(outgoing: Outgoing): Promise<AttemptResult>
  setConnectTo(connectTo: ConnectTo): void
  close(): Promise<void>
}

const maxDrainedBytes = 64 * 1024

/** Where a URI's connection goes: the origin to connect to, and the server name that TLS asks for. */
export function resolveTarget(
  uri: string,
  connectTo: ConnectTo,
): { origin: string; path: string; host: string; serverName: string } {
  const url = new URL(uri)
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  const mapped = connectTo[`${url.hostname}:${port}`] ?? connectTo[url.hostname] ?? connectTo['*']
  return {
    origin: mapped ?? url.origin,
    path: `${url.pathname}${url.search}`,
    host: url.host,
    serverName: url.hostname,
  }
}

export function createDeliveryTransport(options: {
  clock: Clock
  connectTo: ConnectTo
  /** PEM certificates; where given, only these authorities are trusted. */
  trustedCertificates?: string[]
}): DeliveryTransport {
  const { clock, trustedCertificates } = options
  const agents = new Map<string, Agent>()
  let connectTo = options.connectTo

  /** One agent per server name: undici pools by origin, and two names may be mapped to one. */
  function agentFor(serverName: string, acceptSelfSigned: boolean): Agent {
    const key = `${serverName} ${acceptSelfSigned}`
    const known = agents.get(key)
    if (known !== undefined) return known
    const agent = new Agent({
      connections: 64,
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
      connect: {
        // An address is no server name: TLS checks it against the certificate by itself.
        ...(isIP(serverName) === 0 && { servername: serverName }),
        rejectUnauthorized: !acceptSelfSigned,
        ...(trustedCertificates !== undefined && { ca: trustedCertificates }),
      },
    })
    agents.set(key, agent)
    return agent
  }

  return {
    async send({ uri, headers, body, timeoutMs, acceptSelfSigned }) {
      const deadline = new AbortController()
      const cancel = clock.after(timeoutMs, () => deadline.abort())
      try {
        // Inside, because another hand may have set a URI that is none.
        const { origin, path, host, serverName } = resolveTarget(uri, connectTo)
        const response = await request(`${origin}${path}`, {
          method: 'POST',
          headers: { ...headers, host },
          body,
          signal: deadline.signal,
          dispatcher: agentFor(serverName, acceptSelfSigned),
        })
        await response.body.dump({ limit: maxDrainedBytes, signal: deadline.signal }).catch(() => {})
        return { status: response.statusCode, ...retryAfter(response.headers, clock.now()) }
      } catch (error) {
        return { error: deadline.signal.aborted ? 'timeout' : errorCode(error) }
      } finally {
        cancel()
      }
    },
    setConnectTo(changed) {
      connectTo = changed
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
    },
  }
}

function retryAfter(headers: Dispatcher.ResponseData['headers'], nowMs: number): { retryAfterMs?: number } {
  const header = headers['retry-after']
  if (typeof header !== 'string') return {}
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? { retryAfterMs: Math.max(ms, 0) } : {}
}

function errorCode(error: unknown): string {
  const { code, errors } = error as { code?: unknown; errors?: unknown[] }
  if (typeof code === 'string') return code
  return Array.isArray(errors) && errors.length > 0 ? errorCode(errors[0]) : 'connection failed'
}
