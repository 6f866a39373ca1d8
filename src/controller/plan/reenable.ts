import { autoReenableOf, desiredStateOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { disabledByGoogle } from '../facts/differences.ts'
import { wantedProof } from '../facts/endpoint-proof.ts'
import type { ObservedWebhook, RemoteView } from '../facts/observed.ts'
import { act, actQuietly, restMs, stall, type Plan, type PlanContext } from './result.ts'
import { explainProbe } from '../facts/probe.ts'

/** What can be done at once about a webhook that Google disabled; undefined where it must wait, or is only reported. */
export function planReenabling(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  remote: RemoteView,
  ctx: PlanContext,
): Plan | undefined {
  if (!isGivenUp(webhook, remote)) return undefined
  const plan = planReenable(webhook, observed, remote, ctx)
  return plan.actions.length > 0 ? plan : undefined
}

/** Disabled by Google itself, against the wish of the spec. */
export function isGivenUp({ spec }: GeminiWebhook, { webhook: { state } }: RemoteView): boolean {
  return state === disabledByGoogle && desiredStateOf(spec) === 'Enabled'
}

const notEnabled = { type: 'Enabled', status: 'False' } as const
const byHand = 'make the endpoint answer, then set spec.state to Disabled and back to Enabled'

/**
 * Google disabled the webhook. It is enabled again only when a signed request of our own to the public URL succeeds,
 * and only a few times a day: with a broken endpoint Google would only disable it again. Counted first, done in the
 * next pass, so that a crash in between never leads to more than that.
 */
export function planReenable(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  { webhook: { id } }: RemoteView,
  { config, nowMs }: PlanContext,
): Plan {
  const { endpoint, keyring, probe, reenableCounted } = observed
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
  if (wantedProof(observed, keyring) === undefined) {
    return stall(
      'DisabledByGoogle',
      `${told}, and no signing secret is held to try the endpoint with: ${byHand}`,
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
      return restMs(
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
  return status?.webhook?.reenableTimes?.filter((time) => Date.parse(time) > nowMs - windowMs).length ?? 0
}
