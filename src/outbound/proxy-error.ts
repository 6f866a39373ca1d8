import { neverConnectedCodes } from '../never-connected.ts'

/**
 * A call did not get through the proxy. Nothing of it can have reached its destination. The message names the proxy,
 * never its user and password.
 */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  /** `PROXY_ANSWERED_407` and so on, `PROXY_UNREACHABLE` or `PROXY_TLS_FAILED`. */
  readonly code: string
  /** Of the answer to CONNECT. */
  readonly proxyStatus: number | undefined

  constructor(code: string, message: string, proxyStatus?: number) {
    super(message)
    this.code = code
    this.proxyStatus = proxyStatus
  }
}

interface Through {
  /** Without user and password. */
  proxy: string
  /** Host and port of the destination. */
  target: string
}

/**
 * Only the way to the proxy is made by us: the proxy connects to the destination, so these can be about nothing else.
 */
const unreachable = new Set([...neverConnectedCodes, 'ETIMEDOUT', 'UND_ERR_PRX_CONN'])

const advice: Readonly<Record<string, string>> = {
  '403': 'its rules forbid this host; have it allowed, or add it to proxyBypass if it can be reached directly',
  '407': 'it wants a user name and a password that it accepts; correct proxyCredentials',
  '502': 'it cannot reach the host; look at its log, its DNS and its own way out',
  '503': 'it cannot reach the host; look at its log, its DNS and its own way out',
  '504': 'it cannot reach the host; look at its log, its DNS and its own way out',
}

/**
 * What went wrong with a call through a proxy: a ProxyError if that was on the way to it or at it, else the error as it
 * came.
 */
export function proxyErrorFrom(error: unknown, { proxy, target }: Through): unknown {
  if (!(error instanceof Error)) return error
  const code = 'code' in error ? String(error.code) : ''
  const status = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1]
  if (status !== undefined) {
    const what = advice[status] ?? 'check that httpsProxy is a proxy that allows CONNECT'
    return new ProxyError(
      `PROXY_ANSWERED_${status}`,
      `the proxy ${proxy} answered ${status} to CONNECT ${target}: ${what}`,
      Number(status),
    )
  }
  if (code === 'UND_ERR_PRX_TLS') {
    return new ProxyError(
      'PROXY_TLS_FAILED',
      `the certificate of the proxy ${proxy} is not valid for its name: correct httpsProxy, or the certificate`,
    )
  }
  if (!unreachable.has(code)) return error
  return new ProxyError(
    'PROXY_UNREACHABLE',
    `the proxy ${proxy} takes no connection (${code}): check httpsProxy, DNS and the egress of the network policy`,
  )
}

/** The ProxyError along a chain of causes. */
export function findProxyError(error: unknown, depth = 0): ProxyError | undefined {
  if (error instanceof ProxyError) return error
  if (!(error instanceof Error) || depth > 6) return undefined
  return findProxyError(error.cause, depth + 1)
}
