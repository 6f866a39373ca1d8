import { Agent } from 'undici'

import type { Clock } from '../clock.ts'
import type { ProbeCause, ProbeEndpoint, ProbeOutcome } from '../controller/probe.ts'
import { signatureHeader } from '../signature/sign.ts'
import { decodeSigningSecret } from '../signature/signing-secret.ts'
import { failureCauseOf } from '../sinks/failure-cause.ts'

interface EndpointProbeOptions {
  clock: Clock
  random: () => number
  /** Of the whole attempt. */
  timeoutMs?: number
  /** The origin to which requests really go, whatever the URL says: for a playground whose public name exists nowhere. */
  connectTo?: (() => string | undefined) | undefined
}

const defaultTimeoutMs = 10_000
/** Receivers keep what is authentic; an event of this type goes to no sink. */
const probeType = 'ping'
const maxAnswerBytes = 16 * 1024

/** Speaks to endpoints as Google does: signed, by the public address, following no redirect. */
export function createEndpointProbe(options: EndpointProbeOptions): { probe: ProbeEndpoint; close(): Promise<void> } {
  const { clock, connectTo, timeoutMs = defaultTimeoutMs } = options
  // A fresh connection each time: the question is whether one can be made.
  const agent = new Agent({ pipelining: 0, connections: 8, allowH2: false })

  async function probe({ url, secret }: { url: string; secret: string }): Promise<ProbeOutcome> {
    const delivery = signDelivery(secret, options)
    if (delivery === undefined) return { healthy: false, cause: 'Answer' }
    const { origin, pathname, host } = new URL(url)
    const end = new AbortController()
    const cancelTimeout = clock.after(timeoutMs, () => end.abort())
    try {
      const { statusCode, body } = await agent.request({
        method: 'POST',
        origin: connectTo?.() ?? origin,
        path: pathname,
        headers: { ...delivery.headers, host },
        body: delivery.body,
        signal: end.signal,
      })
      await body.dump({ limit: maxAnswerBytes, signal: end.signal }).catch(() => {})
      return statusCode >= 200 && statusCode < 300
        ? { healthy: true }
        : { healthy: false, cause: 'Answer', status: statusCode }
    } catch (error) {
      return { healthy: false, cause: end.signal.aborted ? 'Timeout' : causeOf(error) }
    } finally {
      cancelTimeout()
    }
  }
  return { probe, close: () => agent.destroy() }
}

function signDelivery(secret: string, { clock, random }: EndpointProbeOptions) {
  const decoded = decodeSigningSecret(secret)
  if (!decoded.valid) return undefined
  const nowMs = clock.now()
  const time = new Date(nowMs).toISOString()
  const body = Buffer.from(JSON.stringify({ type: probeType, version: 'v1', timestamp: time, data: {} }))
  const id = `probe_${Math.floor(random() * 2 ** 48).toString(16)}_${nowMs.toString(16)}`
  const timestamp = String(Math.floor(nowMs / 1000))
  const headers = {
    'content-type': 'application/json',
    connection: 'close',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureHeader({ id, timestamp }, body, [decoded.key]),
  }
  return { headers, body }
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
