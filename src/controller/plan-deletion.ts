import { deletionPolicyOf } from '../api/defaults.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { abandonAnnotation, finalizer } from '../api/names.ts'
import { unreachable } from '../unreachable.ts'
import type { Action } from './action.ts'
import type { Failure } from './failure-class.ts'
import type { ObservedWebhook, RemoteView } from './observed.ts'
import { act, idle, stall, waitMs, type Plan, type PlanContext } from './plan-result.ts'

const waysOut = `set spec.deletionPolicy to Retain, or the annotation ${abandonAnnotation} to "true"`

/** Deletion, over suspend and everything else: the webhook goes, then the keyring entry and the Secret, then the finalizer. */
export function planDeletion(webhook: GeminiWebhook, observed: ObservedWebhook, ctx: PlanContext): Plan {
  if (webhook.metadata.finalizers?.includes(finalizer) !== true) return idle()
  const id = webhook.status?.webhook?.id
  // A create that was begun and not answered may have left a webhook whose id nobody knows.
  const neverRegistered = id === undefined && webhook.status?.operation === undefined
  if (webhook.metadata.annotations?.[abandonAnnotation] === 'true') {
    return release('Delete', neverRegistered ? [] : [{ type: 'RecordOrphan', id, reason: 'Abandoned' }])
  }
  const { intent, remote, installation } = observed
  if (intent.state === 'waiting')
    return waitMs(intent.remainingMs, 'Deleting', 'waiting for a call to Google to settle')
  if (deletionPolicyOf(webhook.spec) === 'Retain') return release('Retain')
  if (installation.state === 'unconfirmed') {
    return stall('InstallationUnconfirmed', `${installation.message}; or, to let the object go, ${waysOut}`)
  }
  if (observed.apiKey.state !== 'found') return planWithoutKey(webhook, observed, ctx, neverRegistered)
  switch (remote.state) {
    case 'notAsked':
      return waitMs(ctx.config.confirmIntervalMs, 'Deleting', 'the service was not asked yet')
    case 'failed':
      return planFailure(remote.failure, ctx, neverRegistered)
    case 'missing':
      return planMissing(webhook, observed, remote.confirmed, remote.confirmInMs)
    case 'several':
      return remove(remote.webhooks.map((twin) => twin.id))
    case 'found':
      return planFound(webhook, observed, remote.value)
    default:
      return unreachable(remote)
  }
}

/** What carries our marker is deleted, what was adopted by `externalID` too; an id in status alone is no licence. */
function planFound({ spec }: GeminiWebhook, { claimant }: ObservedWebhook, { webhook, owner }: RemoteView): Plan {
  const adopted = spec.externalID === webhook.id && owner !== 'another' && claimant === undefined
  return owner === 'ours' || adopted ? remove([webhook.id]) : release('Delete')
}

/** Gone: believed only from a key that has seen the id, and only after a fresh list or a second look. */
function planMissing(webhook: GeminiWebhook, observed: ObservedWebhook, confirmed: boolean, confirmInMs: number): Plan {
  const { id, keyFingerprint } = webhook.status?.webhook ?? {}
  const sameKey = observed.apiKey.state === 'found' && observed.apiKey.value.fingerprint === keyFingerprint
  if (id !== undefined && keyFingerprint !== undefined && !sameKey) {
    return stall(
      'DeletionBlocked',
      `the API key belongs to another project than the one that holds webhook ${id}: restore the former key, or ${waysOut}`,
    )
  }
  if (confirmed) return release('Delete')
  return waitMs(confirmInMs, 'Deleting', 'waiting for a list that was made after the deletion')
}

function planWithoutKey(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  { config }: PlanContext,
  neverRegistered: boolean,
): Plan {
  const { apiKey, namespaceTerminating, keylessMs } = observed
  const id = webhook.status?.webhook?.id
  if (neverRegistered && apiKey.state === 'missing') return release('Delete')
  if (apiKey.state === 'failed') return planFailure(apiKey.failure, { config }, neverRegistered)
  if (namespaceTerminating && keylessMs >= config.releaseAfterMs)
    return release('Delete', [{ type: 'RecordOrphan', id, reason: 'ApiKeyGone' }])
  const why = apiKey.state === 'missing' ? apiKey.message : ''
  const blocked = stall(
    'DeletionBlocked',
    `the webhook cannot be deleted at Google: ${why}; restore the key, or ${waysOut}`,
  )
  return namespaceTerminating
    ? { ...blocked, next: { type: 'after', delayMs: Math.max(config.releaseAfterMs - keylessMs, 1) } }
    : blocked
}

function planFailure(failure: Failure, { config }: Pick<PlanContext, 'config'>, neverRegistered: boolean): Plan {
  switch (failure.class) {
    case 'credentials':
      if (neverRegistered) return release('Delete')
      return {
        ...stall('DeletionBlocked', `${failure.message}; restore the API key, or ${waysOut}`),
        next: { type: 'after', delayMs: config.credentialsRetryMs, spread: true },
      }
    case 'terminal':
    case 'waiting':
    case 'transient': {
      // Never Stalled: what Google answers today it may not answer tomorrow.
      const finding = { type: 'Progressing', reason: 'Deleting', message: failure.message } as const
      return { actions: [], finding, next: { type: 'retry' } }
    }
  }
}

function remove(ids: string[]): Plan {
  return act([{ type: 'DeleteWebhooks', ids, cause: 'Deletion' }], 'Deleting', `deleting ${ids.join(', ')} at Google`)
}

/** Retain keeps both the webhook and its Secret: the pair stays usable. */
function release(policy: 'Delete' | 'Retain', before: Action[] = []): Plan {
  const secret: Action[] = policy === 'Delete' ? [{ type: 'DeleteTargetSecret' }] : []
  return act(
    [...before, { type: 'RemoveKeyringEntry' }, ...secret, { type: 'RemoveFinalizer' }],
    'Deleting',
    'releasing',
  )
}
