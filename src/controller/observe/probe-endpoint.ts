import type { Clock } from '../../clock.ts'
import type { ProbeCause, ProbeEndpoint, ProbeOutcome } from '../facts/probe.ts'
import { openOutbound, type OutboundSettings } from '../../outbound/open-outbound.ts'
import { ProxyError } from '../../outbound/proxy-error.ts'
import { signedDelivery } from '../../signature/signed-delivery.ts'
import { decodeIssuedSecret } from '../../signature/signing-secret.ts'
import { failureCauseOf } from '../../sinks/failure-cause.ts'

interface EndpointProbeOptions {
  clock: Clock
  random: () => number
  /** Of the whole attempt. */
  timeoutMs?: number
  /** Absent: straight to the endpoint, which must have a certificate of a well-known authority. */
  way?: OutboundSettings
}

const defaultTimeoutMs = 10_000
/** Receivers keep what is authentic; an event of this type goes to no sink. */
const probeType = 'ping'
const maxAnswerBytes = 16 * 1024

/** Speaks to endpoints as Google does: signed, by the public address, following no redirect. */
export function createEndpointProbe(options: EndpointProbeOptions): { probe: ProbeEndpoint; close(): Promise<void> } {
  const { clock, timeoutMs = defaultTimeoutMs, way = {} } = options
  // A fresh connection each time: the question is whether one can be made.
  // As many as may be under way, so that none waits for a connection with its time running.
  const outbound = openOutbound(way, { clock, connections: 16, keepAlive: false })

  async function probe({ url, secret }: { url: string; secret: string }): Promise<ProbeOutcome> {
    const delivery = probeDelivery(secret, options)
    if (delivery === undefined) return { healthy: false, cause: 'Answer' }
    const { origin, pathname, host } = new URL(url)
    const end = new AbortController()
    const cancelTimeout = clock.after(timeoutMs, () => end.abort())
    try {
      const { statusCode, body } = await outbound.request({
        method: 'POST',
        origin,
        path: pathname,
        headers: { ...delivery.headers, connection: 'close', host },
        body: delivery.body,
        signal: end.signal,
      })
      await body.dump({ limit: maxAnswerBytes, signal: end.signal }).catch(() => {})
      return statusCode >= 200 && statusCode < 300
        ? { healthy: true }
        : { healthy: false, cause: 'Answer', status: statusCode }
    } catch (error) {
      if (end.signal.aborted) return { healthy: false, cause: 'Timeout' }
      if (error instanceof ProxyError) return atProxy(error)
      return { healthy: false, cause: causeOf(error) }
    } finally {
      cancelTimeout()
    }
  }
  return { probe, close: () => outbound.close() }
}

function probeDelivery(secret: string, { clock, random }: EndpointProbeOptions) {
  const decoded = decodeIssuedSecret(secret)
  if (!decoded.ok) return undefined
  const nowMs = clock.now()
  const id = `probe_${Math.floor(random() * 2 ** 48).toString(16)}_${nowMs.toString(16)}`
  return signedDelivery({ id, type: probeType, data: {} }, { key: decoded.value, nowMs })
}

function atProxy({ proxyStatus }: ProxyError): ProbeOutcome {
  return { healthy: false, cause: 'Proxy', ...(proxyStatus !== undefined && { status: proxyStatus }) }
}

function causeOf(error: unknown): ProbeCause {
  switch (failureCauseOf(error)) {
    case 'nameNotResolved':
      return 'Name'
    case 'tls':
      return 'Tls'
    case 'connectTimeout':
      return 'Timeout'
    case 'malformedAnswer':
      return 'Answer'
    case 'forbiddenAddress':
    case 'connectionRefused':
    case 'connectionReset':
    case 'unreachable':
    case 'connection':
      return 'Connection'
  }
}
