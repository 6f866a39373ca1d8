import { autoReenableOf } from '../api/defaults.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { ObservedWebhook, RemoteView } from './observed.ts'
import { act, actQuietly, stall, waitMs, type Plan, type PlanContext } from './plan-result.ts'
import { explainProbe } from './probe.ts'

const notEnabled = { type: 'Enabled', status: 'False' } as const
const byHand = 'make the endpoint answer, then set spec.state to Disabled and back to Enabled'

/**
 * Google gave up on the endpoint. It is enabled again only when a signed request of our own to the public URL succeeds, and only so often: enabling a
 * broken endpoint teaches Google nothing but to give up again. Counted first, done in the next pass: whatever crashes in between, no day sees more.
 */
export function planReenable(
  webhook: GeminiWebhook,
  { endpoint, probe, reenableCounted }: ObservedWebhook,
  { webhook: { id } }: RemoteView,
  { config, nowMs }: PlanContext,
): Plan {
  const told = `Google disabled webhook ${id} after failed deliveries`
  if (webhook.status?.check !== undefined) return actQuietly([{ type: 'AbandonCheck' }])
  if (autoReenableOf(webhook.spec) === 'Never') {
    return stall('DisabledByGoogle', `${told}, and spec.autoReenable is Never: ${byHand}`, notEnabled)
  }
  if (endpoint.state !== 'ours') {
    return stall(
      'DisabledByGoogle',
      `${told}, and whether a server of your own is well cannot be seen from here: ${byHand}`,
      notEnabled,
    )
  }
  if (!reenableCounted && recentReenables(webhook, config.reenableWindowMs, nowMs) >= config.maxReenables) {
    return stall('DisabledByGoogle', `${told} as often as it may be enabled again in a day: ${byHand}`, notEnabled)
  }
  switch (probe.state) {
    case 'none':
      return act([{ type: 'ProbeEndpoint' }], 'DisabledByGoogle', `${told}: trying the endpoint`, notEnabled)
    case 'unhealthy': {
      const { message } = explainProbe(webhook, probe)
      return waitMs(
        probe.restingMs,
        'DisabledByGoogle',
        `${told}; ${message}; tried again at the next resync`,
        notEnabled,
      )
    }
    case 'healthy':
      return act(
        reenableCounted ? [{ type: 'ReenableWebhook', id }, { type: 'OpenCheck' }] : [{ type: 'CountReenable' }],
        'DisabledByGoogle',
        `${told}: the endpoint is well, enabling it again`,
        notEnabled,
      )
  }
}

function recentReenables({ status }: GeminiWebhook, windowMs: number, nowMs: number): number {
  return (status?.webhook?.reenableTimes ?? []).filter((time) => Date.parse(time) > nowMs - windowMs).length
}
