import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { holdsSecretOf } from '../facts/held-secret.ts'
import type { ObservedWebhook, RemoteView } from '../facts/observed.ts'
import { planCheck } from './check.ts'
import { planDrift } from './drift.ts'
import { isGivenUp, planReenabling } from './reenable.ts'
import type { Plan, PlanContext } from './result.ts'

interface Subject {
  webhook: GeminiWebhook
  observed: ObservedWebhook
  remote: RemoteView
}

/**
 * The secret comes first where something can be done about it. While that waits for confirmation, needs a person, or is
 * refused by Google, the other changes of the spec do not wait for it. Undefined where the secret comes first, or there
 * is nothing else to do.
 */
export function planMeanwhile(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  remote: RemoteView,
  secret: Plan | undefined,
  ctx: PlanContext,
): Plan | undefined {
  if (secret === undefined) return undefined
  const refused = isRefused(secret, observed)
  if (secret.actions.length > 0 && !refused) return undefined
  // What was never served from here stays as it is until its secret is: its deliveries may still verify elsewhere.
  if (webhook.status?.signingSecret?.hint === undefined) return undefined
  // Enabled without its secret it would be refused again; but where Google rotates no disabled webhook, there is no
  // other way to one.
  const mayEnable = refused || holdsSecretOf(remote.webhook, observed)
  return (
    planDrift(webhook, observed, remote) ??
    (mayEnable ? planReenabling(webhook, observed, remote, ctx) : undefined) ??
    (refused && isGivenUp(webhook, remote) ? planCheck(webhook, observed, remote, ctx) : undefined)
  )
}

/** Google refuses to rotate a webhook that it disabled: the rotation is tried again once it is enabled. */
export function unlessHopeless(plan: Plan | undefined, { webhook, observed, remote }: Subject): Plan | undefined {
  if (plan === undefined) return undefined
  return isRefused(plan, observed) && isGivenUp(webhook, remote) ? undefined : plan
}

/** Of a webhook that is registered the only intent is a rotation. */
function isRefused({ actions }: Plan, { refused }: ObservedWebhook): boolean {
  return refused === 'RotateSigningSecret' && actions.some(({ type }) => type === 'RecordIntent')
}
