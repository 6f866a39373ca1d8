import { deletionPolicyOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import type { ObservedWebhook } from '../facts/observed.ts'
import { isSeenBy } from './creation.ts'
import { planDynamicProblem } from './dynamic.ts'
import { act, actQuietly, afterFailure, idle, waitMs, type Plan, type PlanContext } from './result.ts'

/**
 * No events are wanted (any more), only the dynamic endpoint. What becomes of a webhook that was registered before is a
 * matter of the deletion policy, as if the object went: with Retain both it and its Secret are left as they are, and
 * are taken up again when events come back.
 */
export function planUnwanted(webhook: GeminiWebhook, observed: ObservedWebhook, ctx: PlanContext): Plan {
  const { remote, secret } = observed
  if (remote.state === 'failed') return afterFailure(remote.failure, ctx.config.credentialsRetryMs)
  const removes = deletionPolicyOf(webhook.spec) === 'Delete'
  const ids = removes ? carriedBy(observed).map(({ id }) => id) : []
  if (ids.length > 0) {
    return act(
      [{ type: 'DeleteWebhooks', ids, cause: 'NotRequired' }],
      'NotRequired',
      'removing the webhook: no events',
    )
  }
  const id = webhook.status?.webhook?.id
  if (id !== undefined) {
    const mayBeElsewhere = removes && !isSeenBy(webhook, observed) && observed.deletedHere !== true
    if (mayBeElsewhere && remote.state === 'missing' && !remote.confirmed) {
      return waitMs(
        remote.confirmInMs,
        'NotRequired',
        `webhook ${id} is not in the project of the API key; asking again`,
      )
    }
    return actQuietly([...(mayBeElsewhere ? ([{ type: 'LeaveProject', id }] as const) : []), { type: 'ForgetWebhook' }])
  }
  // Nothing that is signed with them is wanted any more.
  if ((observed.keyring?.secrets.length ?? 0) > 0) return actQuietly([{ type: 'WriteKeyring', secrets: [] }])
  if (removes && secret.state === 'found' && secret.value.ownership === 'ours') {
    return actQuietly([{ type: 'DeleteTargetSecret' }])
  }
  return planDynamicProblem(webhook, observed, ctx) ?? idle()
}

/** Everything at Google that carries this object's marker. */
function carriedBy({ remote }: ObservedWebhook): RemoteWebhook[] {
  if (remote.state === 'several') return remote.webhooks
  return remote.state === 'found' && remote.value.owner === 'ours' ? [remote.value.webhook] : []
}
