import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { outboundSettings } from '../../config/outbound-settings.ts'
import { boolean, duration } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import type { Link } from '../link.ts'
import type { Leader } from '../status-links.ts'
import { chainOf } from './chain.ts'
import { reachEndpoint } from './reach-endpoint.ts'

/** Whether and how the public address is tested from here. */
export const probeSettings = {
  probe: boolean({
    group: 'Endpoint',
    help: 'Also tests the public address from here, without a signature: whether the name resolves, TLS works, and a receiver answers.',
    default: 'true',
  }),
  probeTimeoutMs: duration({
    group: 'Endpoint',
    help: 'The longest time for that test.',
    min: '100ms',
    max: '1m',
    default: '10s',
  }),
} as const

export type ProbeConfig = ConfigOf<typeof probeSettings> & ConfigOf<typeof outboundSettings>

/** The chain of one object, its public address tested from here unless that is not wanted. */
export async function chainFor(webhook: GeminiWebhook, config: ProbeConfig, leader?: Leader): Promise<Link[]> {
  const { probe, probeTimeoutMs: timeoutMs } = config
  const url = webhook.status?.endpoint?.url
  // An external endpoint is another server, whose answers say nothing about a receiver.
  const isOurs = webhook.spec.endpoint?.url === undefined
  if (!probe || url === undefined || !isOurs) return chainOf(webhook, undefined, leader)
  const { openOutbound } = await import('../../outbound/open-outbound.ts')
  const outbound = openOutbound(config, { connections: 1, keepAlive: false })
  try {
    return chainOf(webhook, await reachEndpoint(url, { outbound, timeoutMs }), leader)
  } finally {
    await outbound.close()
  }
}
