import { deletionPolicyOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { abandonAnnotation, finalizer } from '../../api/names.ts'
import { unreachable } from '../../unreachable.ts'
import type { Action } from '../facts/action.ts'
import type { Failure } from '../facts/failure-class.ts'
import type { ApiKeyLookup, ObservedWebhook, Pause, RemoteView } from '../facts/observed.ts'
import { isSeenBy } from './creation.ts'
import { act, idle, stall, waitMs, type Plan, type PlanContext } from './result.ts'

const waysOut = `set spec.deletionPolicy to Retain, or the annotation ${abandonAnnotation} to "true"`

/**
 * Deletion, which overrides suspend and everything else: removes the webhook, then the keyring entry and the Secret,
 * then the finalizer.
 */
export function planDeletion(webhook: GeminiWebhook, observed: ObservedWebhook, ctx: PlanContext): Plan {
  if (webhook.metadata.finalizers?.includes(finalizer) !== true) return idle()
  const id = webhook.status?.webhook?.id
  // A create that was begun and not answered may have left a webhook whose id is unknown.
  const neverRegistered = id === undefined && webhook.status?.operation === undefined
  if (webhook.metadata.annotations?.[abandonAnnotation] === 'true') {
    return release('Delete', neverRegistered ? [] : [{ type: 'RecordOrphan', id, reason: 'Abandoned' }])
  }
  const { intent, remote, installation, apiKey } = observed
  if (intent.state === 'waiting')
    return waitMs(intent.remainingMs, 'Deleting', 'waiting for a call to Google to settle')
  if (deletionPolicyOf(webhook.spec) === 'Retain') return release('Retain')
  if (installation.state === 'unconfirmed') {
    return stall('InstallationUnconfirmed', `${installation.message}; or, to let the object go, ${waysOut}`)
  }
  // Nothing of the object is at Google.
  if (apiKey.state === 'notNeeded') return release('Delete')
  if (apiKey.state !== 'found') return planWithoutKey(id, { ...observed, apiKey }, ctx, neverRegistered)
  if (observed.pause !== undefined) return planPaused(observed.pause, neverRegistered)
  switch (remote.state) {
    case 'notAsked':
      return waitMs(ctx.config.confirmIntervalMs, 'Deleting', 'the service was not asked yet')
    case 'failed':
      return planFailure(remote.failure, ctx, neverRegistered)
    case 'missing':
      return planMissing(webhook, observed, remote.confirmed, remote.confirmInMs)
    case 'several':
      return remove(
        webhook,
        observed,
        remote.webhooks.map((twin) => twin.id),
      )
    case 'found':
      return planFound(webhook, observed, remote.value)
    default:
      return unreachable(remote)
  }
}

/** Whoever has paused the installation is not to find webhooks deleted; where there is none, nothing waits. */
function planPaused({ message }: Pause, neverRegistered: boolean): Plan {
  return neverRegistered ? release('Delete') : stall('Suspended', `${message}; or, to let the object go, ${waysOut}`)
}

/** What carries our marker is deleted, what was adopted by `externalID` too; an id in status alone is no licence. */
function planFound(webhook: GeminiWebhook, observed: ObservedWebhook, { webhook: { id }, owner }: RemoteView): Plan {
  const adopted = webhook.spec.externalID === id && owner !== 'another' && observed.claimant === undefined
  return owner === 'ours' || adopted ? remove(webhook, observed, [id]) : release('Delete')
}

/**
 * Gone: believed only from a key that has seen the id or deleted it here, and only after a fresh list or a second look.
 */
function planMissing(webhook: GeminiWebhook, observed: ObservedWebhook, confirmed: boolean, confirmInMs: number): Plan {
  const id = webhook.status?.webhook?.id
  const hasSeen = isSeenBy(webhook, observed) || observed.deletedHere === true
  if (id !== undefined && !hasSeen) {
    return stall(
      'DeletionBlocked',
      `the API key has never shown webhook ${id}, so it proves nothing about it; most likely it belongs to another project than the one that holds the webhook: use a key of that project, or ${waysOut}`,
    )
  }
  if (confirmed) return release('Delete')
  return waitMs(confirmInMs, 'Deleting', 'waiting for a list that was made after the deletion')
}

type Keyless = ObservedWebhook & { apiKey: Exclude<ApiKeyLookup, { state: 'found' | 'notNeeded' }> }

function planWithoutKey(
  id: string | undefined,
  observed: Keyless,
  { config }: PlanContext,
  neverRegistered: boolean,
): Plan {
  const { apiKey, namespaceTerminating, keylessMs } = observed
  if (apiKey.state === 'failed') return planFailure(apiKey.failure, { config }, neverRegistered)
  if (neverRegistered) return release('Delete')
  if (namespaceTerminating && keylessMs >= config.releaseAfterMs)
    return release('Delete', [{ type: 'RecordOrphan', id, reason: 'ApiKeyGone' }])
  const blocked = stall(
    'DeletionBlocked',
    `the webhook cannot be deleted at Google: ${apiKey.message}; restore the key, or ${waysOut}`,
  )
  return namespaceTerminating
    ? { ...blocked, next: { type: 'after', delayMs: Math.max(config.releaseAfterMs - keylessMs, 1) } }
    : blocked
}

function planFailure(failure: Failure, { config }: Pick<PlanContext, 'config'>, neverRegistered: boolean): Plan {
  if (failure.class === 'credentials' && neverRegistered) return release('Delete')
  // Google may answer the list again later, so the failure counts as transient.
  const passing = failure.class === 'terminal' ? ({ ...failure, class: 'transient' } as const) : failure
  return afterFailedDeletion(passing, config)
}

/**
 * The message of a step of a deletion that is refused for good names the two remedies. 5xx and timeouts are retried,
 * never Stalled.
 */
export function afterFailedDeletion(
  failure: Failure,
  { credentialsRetryMs }: Pick<PlanContext['config'], 'credentialsRetryMs'>,
): Plan {
  const { message } = failure
  switch (failure.class) {
    case 'credentials':
      return {
        ...stall('DeletionBlocked', `${message}; restore the API key and its right to delete, or ${waysOut}`),
        next: { type: 'after', delayMs: credentialsRetryMs, spread: true },
      }
    case 'terminal':
      return stall('DeletionBlocked', `${message}; to let the object go all the same, ${waysOut}`)
    case 'refused':
    case 'transient':
      return { actions: [], finding: { type: 'Progressing', reason: 'Deleting', message }, next: { type: 'retry' } }
  }
}

/**
 * How soon after our own DELETE a list that still shows the webhook is made again; then after twice as long each time.
 */
const firstLookAgainMs = 1_000

/**
 * First the key that sees the webhook is recorded: once the webhook is gone, only that record proves that the key was
 * used in the right project. A webhook that was just deleted here and is still shown is not deleted again at once:
 * lists and reads lag, and each try would need both anew.
 */
function remove(webhook: GeminiWebhook, observed: ObservedWebhook, shown: string[]): Plan {
  const known = webhook.status?.webhook?.id
  const { justDeleted } = observed
  const ids = shown.filter((id) => justDeleted?.has(id) !== true)
  if (ids.length === 0) {
    const sinceMs = Math.max(...shown.map((id) => justDeleted?.get(id) ?? 0))
    const message = `${shown.join(', ')} was deleted at Google, which still shows it`
    return waitMs(Math.max(sinceMs, firstLookAgainMs), 'Deleting', message)
  }
  const isUnproven = known !== undefined && ids.includes(known) && !isSeenBy(webhook, observed)
  const actions: Action[] = isUnproven ? [{ type: 'RecordKey' }] : [{ type: 'DeleteWebhooks', ids, cause: 'Deletion' }]
  return act(actions, 'Deleting', `deleting ${ids.join(', ')} at Google`)
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
