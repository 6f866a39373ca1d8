import { adoptionPolicyOf } from '../api/defaults.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { unreachable } from '../unreachable.ts'
import type { RemoteWebhook } from '../gemini/webhook-service.ts'
import type { Claimant, ObservedWebhook, RemoteView } from './observed.ts'
import { hasFinalizer, isDeleting } from './life-stage.ts'
import { planCheck } from './plan-check.ts'
import { planCreation } from './plan-creation.ts'
import { planDeletion } from './plan-deletion.ts'
import { planDrift, planRolloutWait } from './plan-drift.ts'
import { planDuplicates } from './plan-duplicates.ts'
import { planDynamic, planDynamicProblem, withDynamicReleased } from './plan-dynamic.ts'
import { planOwnership, planRival, refuseAdoption } from './plan-ownership.ts'
import { planRecovery } from './plan-recovery.ts'
import { planUnwanted } from './plan-unwanted.ts'
import { act, actQuietly, afterFailure, idle, stall, waitMs, type Plan, type PlanContext } from './plan-result.ts'
import { heldBack } from './plan-setback.ts'
import { planBrokenWindows, planRotation, wakeForRotation } from './plan-rotation.ts'
import { keyringDiffers, keptSecrets, planSecret } from './plan-secret.ts'

/** The life of a webhook, first mismatch wins. Pure: same object, same observation, same time, same plan. */
export function planWebhook(webhook: GeminiWebhook, observed: ObservedWebhook, ctx: PlanContext): Plan {
  if (isDeleting(webhook)) return withDynamicReleased(webhook, planDeletion(webhook, observed, ctx))
  return wakeForSinks(observed, heldBack(planLife(webhook, observed, ctx), observed), ctx)
}

function planLife(webhook: GeminiWebhook, observed: ObservedWebhook, ctx: PlanContext): Plan {
  if (webhook.spec.suspend === true) return planSuspended(observed, ctx)
  if (observed.installation.state === 'unconfirmed') {
    return stall('InstallationUnconfirmed', observed.installation.message, { type: 'Registered', status: 'False' })
  }
  if (observed.endpoint.state === 'invalid') {
    return stall('InvalidSpec', observed.endpoint.message, { type: 'Registered', status: 'False' })
  }
  if (!hasFinalizer(webhook)) return act([{ type: 'AddFinalizer' }], 'Progressing', 'adding the finalizer')
  const dynamic = planDynamic(webhook, observed, ctx)
  if (dynamic !== undefined) return dynamic
  if (observed.apiKey.state !== 'found') return planWithoutKey(observed.apiKey, ctx)
  if (observed.intent.state !== 'none') return planRecovery(webhook, observed, ctx)
  if (webhook.spec.events === undefined) return planUnwanted(webhook, observed, ctx)
  if (observed.claimant !== undefined) return planYield(webhook, observed.claimant)
  const { remote } = observed
  switch (remote.state) {
    case 'notAsked':
      return waitMs(ctx.config.resyncIntervalMs, 'Progressing', 'the service was not asked yet')
    case 'failed':
      return afterFailure(remote.failure, ctx.config.credentialsRetryMs)
    case 'missing':
      return planCreation(webhook, observed, remote)
    case 'several':
      return planSeveral(webhook, observed, remote.webhooks)
    case 'found':
      return planRegistered(webhook, observed, remote.value, ctx)
    default:
      return unreachable(remote)
  }
}

function planRegistered(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView, ctx: PlanContext): Plan {
  return (
    planOwnership(webhook, observed, remote) ??
    planSecret(webhook, observed, remote, ctx) ??
    planDrift(webhook, observed, remote) ??
    planRotation(webhook, ctx) ??
    wakeForRotation(webhook, planRest(webhook, observed, remote, ctx), ctx)
  )
}

/** The webhook is as it should be; what is left to be proven, waited for or told. */
function planRest(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView, ctx: PlanContext): Plan {
  return (
    planRolloutWait(observed, ctx) ??
    planCheck(webhook, observed, remote, ctx) ??
    planRival(remote) ??
    planDynamicProblem(webhook, observed, ctx) ??
    planBrokenWindows(webhook, ctx) ??
    idle()
  )
}

/**
 * What a sink names can come, or change, without anybody telling us: Services are read one by one and not watched, for a right to watch every Service of
 * the cluster is more than the object needs. Until it is there it is looked for again sooner than at the next resync.
 */
function wakeForSinks({ sinks }: ObservedWebhook, plan: Plan, { config }: PlanContext): Plan {
  const mayWait = sinks.recheck !== true || plan.next.type !== 'resync'
  return mayWait ? plan : { ...plan, next: { type: 'after', delayMs: config.sinkRecheckMs, spread: true } }
}

function planSeveral(webhook: GeminiWebhook, observed: ObservedWebhook, webhooks: RemoteWebhook[]): Plan {
  const [first] = webhooks
  const isNew = webhook.status?.webhook?.id === undefined
  const refuses = isNew && adoptionPolicyOf(webhook.spec) === 'CreateOnly'
  return refuses && first !== undefined ? refuseAdoption(first.id) : planDuplicates(webhook, observed, webhooks)
}

/** Two objects for one webhook would undo each other's changes for ever. */
function planYield({ spec }: GeminiWebhook, { namespace, name, right }: Claimant): Plan {
  const why = right === 'Older' ? 'claims it too and is older' : 'has registered it'
  const message = `spec.externalID: webhook ${spec.externalID ?? ''} belongs to GeminiWebhook ${namespace}/${name}, which ${why}: delete one of the two`
  return stall('ExternalIDInUse', message, { type: 'Registered', status: 'False' })
}

/** No calls to Google. Receiving goes on, so a change of sinks still reaches the receivers. */
function planSuspended(observed: ObservedWebhook, ctx: PlanContext): Plan {
  const secrets = keptSecrets(observed.keyring, ctx.nowMs)
  if (observed.keyring !== undefined && keyringDiffers(observed, secrets)) {
    return actQuietly([{ type: 'WriteKeyring', secrets }])
  }
  return idle()
}

function planWithoutKey(apiKey: Exclude<ObservedWebhook['apiKey'], { state: 'found' }>, ctx: PlanContext): Plan {
  if (apiKey.state === 'failed') return afterFailure(apiKey.failure, ctx.config.credentialsRetryMs)
  // The Secret is watched: its arrival wakes the object at once.
  return waitMs(ctx.config.resyncIntervalMs, apiKey.reason, apiKey.message, {
    type: 'CredentialsValid',
    status: 'False',
  })
}
