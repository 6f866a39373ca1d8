import { adoptionPolicyOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { unreachable } from '../../unreachable.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import type { Claimant, ObservedWebhook, RemoteView } from '../facts/observed.ts'
import { hasFinalizer, isDeleting } from '../facts/life-stage.ts'
import { planCheck } from './check.ts'
import { planCreation } from './creation.ts'
import { planDeletion } from './deletion.ts'
import { planFence } from './fence.ts'
import { planDrift, planRolloutWait } from './drift.ts'
import { planDuplicates } from './duplicates.ts'
import { planDynamic, planDynamicProblem, withDynamicReleased } from './dynamic.ts'
import { planOwnership, planRival, refuseAdoption } from './ownership.ts'
import { planMeanwhile, unlessHopeless } from './meanwhile.ts'
import { planRecovery, planUnstored } from './recovery.ts'
import { planReenabling } from './reenable.ts'
import { unlessRefused, withRefusalReported } from './refused.ts'
import { planReservedNames } from './reserved-names.ts'
import { planUnwanted } from './unwanted.ts'
import { act, afterFailure, idle, stall, waitMs, type Plan, type PlanContext } from './result.ts'
import { heldBack } from './setback.ts'
import { planRotation, wakeForRotation } from './rotation.ts'
import { keyringDiffers, planSecret } from './secret.ts'
import { keptSecrets } from '../secrets/kept-secrets.ts'

/** The life of a webhook, first mismatch wins. Pure: same object, same observation, same time, same plan. */
export function planWebhook(webhook: GeminiWebhook, observed: ObservedWebhook, ctx: PlanContext): Plan {
  if (isDeleting(webhook)) return withDynamicReleased(webhook, planDeletion(webhook, observed, ctx))
  const plan = heldBack(planLife(webhook, observed, ctx), observed)
  return wakeForSinks(observed, withRefusalReported(webhook, reportMeanwhile(plan, observed, ctx), observed), ctx)
}

/** A change of sinks does not need Google: it is written to the keyring even while Google cannot be called. */
function reportMeanwhile(plan: Plan, observed: ObservedWebhook, { nowMs }: PlanContext): Plan {
  const { remote, keyring, installation } = observed
  const isUnasked = remote.state === 'failed' || remote.state === 'notAsked'
  if (!isUnasked || plan.actions.length > 0 || keyring === undefined || installation.state !== 'confirmed') return plan
  const secrets = keptSecrets(keyring, nowMs)
  if (!keyringDiffers(observed, secrets)) return plan
  return { ...plan, actions: [{ type: 'WriteKeyring', secrets }], next: { type: 'now' } }
}

function planLife(webhook: GeminiWebhook, observed: ObservedWebhook, ctx: PlanContext): Plan {
  const unstored = planUnstored(webhook, observed)
  if (unstored !== undefined) return unstored
  // No calls to Google. Receiving continues, and the keyring is kept up to date for it.
  if (webhook.spec.suspend === true || observed.pause !== undefined) return idle()
  if (observed.installation.state === 'unconfirmed') {
    return stall('InstallationUnconfirmed', observed.installation.message, { type: 'Registered', status: 'False' })
  }
  if (observed.endpoint.state === 'invalid' && webhook.status?.webhook?.id === undefined) {
    return stall('InvalidSpec', observed.endpoint.message, { type: 'Registered', status: 'False' })
  }
  const reserved = planReservedNames(webhook, ctx)
  if (reserved !== undefined) return reserved
  if (!hasFinalizer(webhook)) return act([{ type: 'AddFinalizer' }], 'Progressing', 'adding the finalizer')
  const dynamic = unlessRefused(planDynamic(webhook, observed, ctx), observed)
  if (dynamic !== undefined) return dynamic
  if (observed.apiKey.state === 'notNeeded') return planUnwanted(webhook, observed, ctx)
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

type KeylessLookup = Exclude<ObservedWebhook['apiKey'], { state: 'found' | 'notNeeded' }>

function planRegistered(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView, ctx: PlanContext): Plan {
  const secret = unlessRefused(planSecret(webhook, observed, remote, ctx), observed)
  return (
    planOwnership(webhook, observed, remote) ??
    planFence(webhook, observed, remote) ??
    planMeanwhile(webhook, observed, remote, secret, ctx) ??
    secret ??
    planDrift(webhook, observed, remote) ??
    planReenabling(webhook, observed, remote, ctx) ??
    unlessHopeless(unlessRefused(planRotation(webhook, ctx), observed), { webhook, observed, remote }) ??
    wakeForRotation(webhook, planRest(webhook, observed, remote, ctx), ctx)
  )
}

/** The webhook is as it should be; what remains to be proven, waited for or reported. */
function planRest(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView, ctx: PlanContext): Plan {
  return (
    planInvalidEndpoint(observed) ??
    planRolloutWait(observed, ctx) ??
    planCheck(webhook, observed, remote, ctx) ??
    planRival(webhook, observed, remote) ??
    planDynamicProblem(webhook, observed, ctx) ??
    idle()
  )
}

/**
 * A registered webhook stays as it was applied, and its secret is maintained; only the requested change cannot be made.
 */
function planInvalidEndpoint({ endpoint }: ObservedWebhook): Plan | undefined {
  if (endpoint.state !== 'invalid') return undefined
  return stall('InvalidSpec', endpoint.message, { type: 'InSync', status: 'False' })
}

/**
 * What a sink names can appear, or change, without a watch showing it: the objects of a reference, and Services where
 * they may not be watched. These are read again sooner than at the next resync.
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
function planYield({ metadata, spec }: GeminiWebhook, { namespace, name, right }: Claimant): Plan {
  const why = right === 'Older' ? 'claims it too and is older' : 'has registered it'
  const id = spec.externalID ?? ''
  // The message does not name objects of another namespace.
  const message =
    namespace === metadata.namespace
      ? `spec.externalID: webhook ${id} belongs to GeminiWebhook ${namespace}/${name}, which ${why}: delete one of the two`
      : `spec.externalID: webhook ${id} belongs to an object of another namespace, which ${why}: delete this object, or ask who runs the operator, whose log names the other (webhook.yielded_claim)`
  return stall('ExternalIDInUse', message, { type: 'Registered', status: 'False' })
}

function planWithoutKey(apiKey: KeylessLookup, ctx: PlanContext): Plan {
  if (apiKey.state === 'failed') return afterFailure(apiKey.failure, ctx.config.credentialsRetryMs)
  // The Secret is watched: its arrival wakes the object at once.
  return waitMs(ctx.config.resyncIntervalMs, apiKey.reason, apiKey.message, {
    type: 'CredentialsValid',
    status: 'False',
  })
}
