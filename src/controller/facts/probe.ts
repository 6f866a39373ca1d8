import type { Reason } from '../../api/reasons.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'

/** Where a request of our own to the public URL broke, as far as that can be seen from here. */
export type ProbeCause = 'Name' | 'Tls' | 'Connection' | 'Proxy' | 'Timeout' | 'Answer'

export type ProbeOutcome =
  { healthy: true } | { healthy: false; cause: ProbeCause; /** Of an answer that is no success. */ status?: number }

/**
 * Sends one delivery to a public URL as Google would, signed with `secret`, of a type that receivers withhold from
 * sinks; bounded, never throws. Healthy: answered with success, so name, TLS, ingress, receiver, signature and inbox
 * all work.
 */
export type ProbeEndpoint = (target: { url: string; secret: string }) => Promise<ProbeOutcome>

/** The same for a namespace, which may have to wait for its turn first: hold nothing meanwhile that others wait for. */
export type ProbeInTurn = (target: { url: string; secret: string }, namespace: string) => Promise<ProbeOutcome>

export type ProbeView =
  /** Not tried, or so long ago that it says nothing. */
  | { state: 'none' }
  | { state: 'healthy' }
  | { state: 'unhealthy'; cause: ProbeCause; status?: number; restingMs: number }

/** For people: what broke and where to look. Constant for one cause, so that looking again writes nothing. */
export function explainProbe(
  { metadata }: Pick<GeminiWebhook, 'metadata'>,
  { cause, status }: { cause: ProbeCause; status?: number },
): { reason: Reason; message: string } {
  const what = `a signed request of the controller to the endpoint of ${metadata.namespace}/${metadata.name}`
  switch (cause) {
    case 'Name':
      return {
        reason: 'NameNotResolved',
        message: `${what} failed: its host name does not resolve; correct the DNS entry`,
      }
    case 'Tls':
      return {
        reason: 'TLSFailed',
        message: `${what} failed: the TLS certificate is not valid for it; renew or correct the certificate`,
      }
    case 'Connection':
      return {
        reason: 'ConnectionFailed',
        message: `${what} failed: no connection; look at the load balancer, ingress and firewall`,
      }
    case 'Proxy':
      return {
        reason: 'ConnectionFailed',
        message: `${what} did not get through the proxy of the installation${status === undefined ? '' : `, which answered ${status}`}; look at httpsProxy and what the proxy allows, or name the host in proxyBypass`,
      }
    case 'Timeout':
      return {
        reason: 'ConnectionFailed',
        message: `${what} was not answered in time; look at the load balancer, ingress and receivers`,
      }
    case 'Answer':
      return {
        reason: 'WrongAnswer',
        message: `${what} was answered ${status ?? 'unreadably'} instead of 204; look at the route of the ingress and at the receivers`,
      }
  }
}
