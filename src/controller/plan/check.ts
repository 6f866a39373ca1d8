import { endpointCheckOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { attemptPrefixOf, isCheckWanted, wantedProof, checkPendingMessage } from '../facts/endpoint-proof.ts'
import type { ObservedWebhook, RemoteView } from '../facts/observed.ts'
import { isGivenUp, planReenable } from './reenable.ts'
import { act, actQuietly, waitMs, type Plan, type PlanContext } from './result.ts'

/**
 * Proof that the endpoint works: a ping that a receiver verified with the secret of now. Undefined when it is proven,
 * resting or not wanted.
 */
export function planCheck(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  remote: RemoteView,
  ctx: PlanContext,
): Plan | undefined {
  const open = webhook.status?.check
  const proof = wantedProof(observed, observed.keyring)
  if (isGivenUp(webhook, remote)) return planReenable(webhook, observed, remote, ctx)
  if (!isCheckWanted(webhook, observed) || proof === undefined) {
    return open === undefined ? undefined : actQuietly([{ type: 'AbandonCheck' }])
  }
  if (open === undefined) return planNewCheck(webhook, observed, proof, ctx)
  if (!open.attemptID.startsWith(attemptPrefixOf(proof))) {
    return act([{ type: 'OpenCheck' }], 'CheckPending', 'checking the endpoint again: it changed')
  }
  return planOpenCheck(observed, remote, open, ctx)
}

function planNewCheck(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  proof: string,
  { config, nowMs }: PlanContext,
): Plan | undefined {
  const proven = webhook.status?.webhook?.checkedSpec === proof
  const lastMs = Date.parse(webhook.status?.delivery?.lastCheckTime ?? '')
  const due = endpointCheckOf(webhook.spec) === 'Periodic' && nowMs - lastMs >= config.checkPeriodMs
  if (proven && !due) return undefined
  if (observed.check.restingMs > 0) return undefined
  return act([{ type: 'OpenCheck' }], 'CheckPending', checkPendingMessage)
}

function planOpenCheck(
  { check, keyring }: ObservedWebhook,
  remote: RemoteView,
  open: { attemptID: string; sent?: number | undefined },
  { config }: PlanContext,
): Plan {
  const current = keyring?.secrets[0]?.keyId
  // The key counts too: a delivery that the previous secret verified proves nothing about the new one.
  const arrived = check.echoes.some(({ attemptID, keyID }) => attemptID === open.attemptID && keyID === current)
  if (arrived) return actQuietly([{ type: 'PassCheck' }])
  const sent = open.sent ?? 0
  const headStartMs = config.receiverSeenWaitMs - check.openForMs
  if (check.pinged === 0 && headStartMs > 0) {
    // A ping that arrives before the receivers have the attempt proves nothing, and the next follows only after a long
    // wait.
    return waitMs(headStartMs, 'CheckPending', checkPendingMessage)
  }
  if (check.pinged < sent) {
    return act([{ type: 'PingEndpoint', id: remote.webhook.id }], 'CheckPending', checkPendingMessage)
  }
  const remainingMs = config.pingRepeatMs - check.sincePingMs
  if (remainingMs > 0) return waitMs(remainingMs, 'CheckPending', checkPendingMessage)
  return sent < config.pingAttempts
    ? act([{ type: 'RepeatCheck' }], 'CheckPending', checkPendingMessage)
    : actQuietly([{ type: 'FailCheck' }])
}
