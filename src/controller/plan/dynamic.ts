import { dynamicSecretNameOf, signingSecretNameOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Action } from '../facts/action.ts'
import { addressNow } from '../facts/endpoint-view.ts'
import type { DynamicView, ObservedWebhook } from '../facts/observed.ts'
import { obsoleteNameIn, problemOf, stepFor } from './dynamic-step.ts'
import { act, actQuietly, afterFailure, type Plan, type PlanContext } from './result.ts'
import { keyringDiffers } from './secret.ts'
import { keptSecrets } from '../secrets/kept-secrets.ts'
import { isSameJson } from '../facts/same-json.ts'
import { dynamicUrl } from '../../contract/endpoint-path.ts'

/**
 * The Secret that publishes the endpoint to jobs, then the keyring, then what is left under a former name. Needs
 * neither an API key nor Google. Undefined when all agree, and when the Secret prevents it, which `planDynamicProblem`
 * reports.
 */
export function planDynamic(webhook: GeminiWebhook, observed: ObservedWebhook, ctx: PlanContext): Plan | undefined {
  const { dynamic } = observed
  if (dynamic === undefined) return undefined
  const step = planStep(webhook, observed, dynamic, ctx.nowMs)
  if (step !== undefined) return act(step, 'Progressing', 'writing the Secret of the dynamic endpoint')
  const secrets = keptSecrets(observed.keyring, ctx.nowMs)
  // With events, sinks and secrets are written along with the webhook; without any, this is all that the entry has.
  const isUntold = !isSameJson(observed.keyring?.dynamic, dynamic.entry) || webhook.spec.events === undefined
  const mayTell = dynamic.entry !== undefined || observed.keyring !== undefined
  if (mayTell && isUntold && keyringDiffers(observed, secrets)) return actQuietly([{ type: 'WriteKeyring', secrets }])
  return planFormer(webhook, dynamic)
}

/** The Secret is not ours, or cannot be read. Checked last, so that everything that does not need it is done. */
export function planDynamicProblem(
  { metadata }: GeminiWebhook,
  { dynamic }: ObservedWebhook,
  { config }: PlanContext,
): Plan | undefined {
  const problem = dynamic && problemOf(dynamic, metadata.namespace)
  return problem && afterFailure(problem, config.credentialsRetryMs)
}

/**
 * Once the object is released nothing opens the endpoint any more, so the Secret goes too, whatever becomes of the
 * webhook.
 */
export function withDynamicReleased(webhook: GeminiWebhook, plan: Plan): Plan {
  const names = new Set([dynamicSecretNameOf(webhook), webhook.status?.endpoint?.dynamicSecretName])
  const deletions = [...names].flatMap((name): Action[] =>
    name === undefined || name === signingSecretNameOf(webhook) ? [] : [{ type: 'DeleteDynamicSecret', name }],
  )
  const at = plan.actions.findIndex(({ type }) => type === 'RemoveFinalizer')
  return at < 0 ? plan : { ...plan, actions: plan.actions.toSpliced(at, 0, ...deletions) }
}

function planStep(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  dynamic: DynamicView,
  nowMs: number,
): Action[] | undefined {
  if (observed.endpoint.state !== 'ours') return undefined
  // Jobs do not get an address that is not proven yet.
  const endpointUrl = addressNow(webhook, observed, observed.endpoint.url)
  const step = stepFor(dynamic, {
    spec: webhook.spec.dynamic,
    told: observed.keyring?.dynamic,
    uriOf: (token) => dynamicUrl(endpointUrl, token),
    nowMs,
  })
  if (step === undefined) return undefined
  return [
    { type: 'StoreDynamicSecret', endpointUrl, ...step },
    { type: 'WriteKeyring', secrets: keptSecrets(observed.keyring, nowMs) },
  ]
}

function planFormer(webhook: GeminiWebhook, dynamic: DynamicView): Plan | undefined {
  const name = obsoleteNameIn(dynamic)
  if (name === undefined || name === signingSecretNameOf(webhook)) return undefined
  return actQuietly([{ type: 'DeleteDynamicSecret', name }])
}
