import { driftPolicyOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { changesFor, differencesOf, type Difference } from '../facts/differences.ts'
import type { ObservedWebhook, RemoteView, RolloutTurn } from '../facts/observed.ts'
import { act, idle, type Plan, type PlanContext } from './result.ts'
import { desiredFor } from '../facts/desired-remote.ts'

/** Spec against last applied is always applied; remote against last applied is drift, and `driftPolicy` decides. */
export function planDrift(webhook: GeminiWebhook, observed: ObservedWebhook, remote: RemoteView): Plan | undefined {
  const desired = desiredFor(webhook, observed)
  if (desired === undefined) return undefined
  const differences = correctable(
    webhook,
    differencesOf(webhook, desired, remote.webhook, observed.eventAliases),
  ).filter(({ field }) => field !== 'uri' || observed.rollout.state === 'go')
  const first = differences.find(({ cause }) => cause !== 'Fence')
  if (first === undefined) return undefined
  return act(
    [
      {
        type: 'UpdateWebhook',
        id: remote.webhook.id,
        changes: changesFor(differences, desired),
        field: first.field,
        cause: differences.some(({ cause }) => cause !== 'Drift') ? 'Spec' : 'Drift',
      },
    ],
    first.cause === 'Spec' ? 'UpdatePending' : 'Drifted',
    `${first.field} of webhook ${remote.webhook.id} at Google differs from what is wanted: correcting it`,
    { type: 'InSync', status: 'False' },
  )
}

/**
 * The base URL changed and another object goes first. What is due besides is done before. This object is at rest
 * meanwhile: the old address still works, and a rollout must not make every waiting object unhealthy.
 */
export function planRolloutWait({ rollout }: ObservedWebhook, { config }: PlanContext): Plan | undefined {
  return rollout.state === 'go' ? undefined : idle({ type: 'after', delayMs: config.pingRepeatMs })
}

/** Constant while nothing changes, so that waiting writes nothing. */
export function explainRolloutWait({ canary }: Extract<RolloutTurn, { state: 'wait' }>): string {
  const { namespace, name, failed } = canary
  const what = `the base URL of the installation changed: GeminiWebhook ${namespace}/${name} goes first`
  return failed
    ? `${what} and its endpoint check failed, so the others stay where they are: correct the base URL, or the way to it`
    : `${what}, the others follow when its endpoint is verified`
}

function correctable({ spec }: GeminiWebhook, differences: Difference[]): Difference[] {
  return driftPolicyOf(spec) === 'Correct' ? differences : differences.filter(({ cause }) => cause !== 'Drift')
}
