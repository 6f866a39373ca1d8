import { serviceOfHost } from '../../controller/facts/service-host.ts'
import type { Outbound } from '../../outbound/open-outbound.ts'
import { ProxyError } from '../../outbound/proxy-error.ts'
import { failureCauseOf } from '../../sinks/failure-cause.ts'

/** How far a request from here gets on the way to a receiver. */
export interface Reach {
  /** `inCluster`: it cannot be tried, because only pods know the name. */
  ends: 'inCluster' | 'DNS' | 'connection' | 'TLS' | 'route' | 'receiver'
  says: string
}

/**
 * Sends an endpoint a GET without a body and a signature. A receiver answers any GET on its paths with 405 and Allow:
 * POST, before it checks anything else.
 */
export async function reachEndpoint(
  url: string,
  { outbound, timeoutMs }: { outbound: Pick<Outbound, 'request'>; timeoutMs: number },
): Promise<Reach> {
  const { origin, pathname, host, hostname } = new URL(url)
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const { statusCode, headers, body } = await outbound.request({ origin, path: pathname, method: 'GET', signal })
    await body.dump({ limit: 16 * 1024, signal }).catch(() => {})
    if (statusCode === 405 && headers['allow'] === 'POST') return { ends: 'receiver', says: 'a receiver answers' }
    return {
      ends: 'route',
      says: `${host} answers ${statusCode} where a receiver would answer 405: something else is there; look at the ingress or route`,
    }
  } catch (error) {
    if (signal.aborted)
      return { ends: 'connection', says: `${host} does not answer in ${timeoutMs / 1000} s from here` }
    if (error instanceof ProxyError)
      return { ends: 'connection', says: `${host} is not reached from here: ${error.message}` }
    switch (failureCauseOf(error)) {
      case 'nameNotResolved':
        if (serviceOfHost(hostname, undefined) !== undefined)
          return { ends: 'inCluster', says: `${hostname} is a name inside the cluster: it cannot be tried from here` }
        return { ends: 'DNS', says: `${hostname} does not resolve from here` }
      case 'tls':
        return { ends: 'TLS', says: `the certificate of ${host} is not accepted from here (${codeOf(error)})` }
      case 'malformedAnswer':
        return { ends: 'route', says: `${host} answers something that is not HTTP` }
      default:
        return { ends: 'connection', says: `${host} takes no connection from here (${codeOf(error)})` }
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'no reason given'
}
