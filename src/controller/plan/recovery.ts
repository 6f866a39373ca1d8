import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Operation } from '../../api/status.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import { unreachable } from '../../unreachable.ts'
import type { Action } from '../facts/action.ts'
import { valueOf } from '../facts/lookup.ts'
import type { ObservedWebhook, RemoteView } from '../facts/observed.ts'
import { planDuplicates } from './duplicates.ts'
import { attemptOf, heldSecretOf, holdsSecretOf } from '../facts/held-secret.ts'
import { mayTouch } from '../facts/may-touch.ts'
import { withPreparedSecret } from './creation.ts'
import { act, afterFailure, idle, stall, waitMs, type Plan, type PlanContext } from './result.ts'
import { revocationOf } from '../rotation/rotation-schedule.ts'
import { planStored } from './secret.ts'

/**
 * What a call of this process revealed and could not be stored, or not everywhere. Needs neither Google nor the API
 * key, so it comes before everything that does: until it is done the secret is only in the memory of this process, or
 * also in the keyring.
 */
export function planUnstored({ status }: GeminiWebhook, observed: ObservedWebhook): Plan | undefined {
  const { revealed, remote, secret } = observed
  const operation = status?.operation
  if (operation === undefined || revealed?.attemptID !== operation.attemptID) return undefined
  // Another secret there may be that of a newer leader: what Google shows decides, as for every intent.
  const held = valueOf(secret)?.secrets.current
  const isUntouched = held === undefined || held === revealed.replaced || held === revealed.secrets[0]?.secret
  if (!isUntouched) return undefined
  const known = status?.webhook?.id
  const seen = remote.state === 'found' ? remote.value.webhook.id : undefined
  if (known === undefined && seen === undefined) return undefined
  const adopt: Action[] = known !== undefined || seen === undefined ? [] : [{ type: 'AdoptWebhook', id: seen }]
  return act([...adopt, ...finish], progressOf(operation), 'storing the signing secret that Google revealed')
}

const finish: readonly Action[] = [{ type: 'StoreRevealedSecret' }, { type: 'CloseIntent' }, { type: 'OpenCheck' }]

/**
 * An intent is written in status. This process's own is carried out; any other is settled first, and then its outcome
 * is read at Google.
 */
export function planRecovery(webhook: GeminiWebhook, observed: ObservedWebhook, ctx: PlanContext): Plan {
  const operation = webhook.status?.operation
  if (operation === undefined) return idle({ type: 'now' })
  const { intent, remote } = observed
  switch (intent.state) {
    case 'none':
      return idle({ type: 'now' })
    case 'waiting':
      return waitMs(intent.remainingMs, progressOf(operation), messageOf(operation, intent.why))
    case 'ready':
      return carryOut(webhook, observed, operation)
    case 'settled':
      if (remote.state === 'failed') return afterFailure(remote.failure, ctx.config.credentialsRetryMs)
      if (remote.state === 'notAsked')
        return waitMs(ctx.config.resyncIntervalMs, progressOf(operation), messageOf(operation))
      if (remote.state === 'several') return planDuplicates(webhook, observed, remote.webhooks)
      if (remote.state === 'missing')
        return act([{ type: 'CloseIntent' }], progressOf(operation), 'nothing came of the call')
      return settle(webhook, observed, operation, remote.value, ctx)
    default:
      return unreachable(intent)
  }
}

function carryOut(webhook: GeminiWebhook, observed: ObservedWebhook, operation: Operation): Plan {
  if (operation.type === 'Create') {
    return withPreparedSecret(webhook, observed, [{ type: 'RegisterWebhook' }, ...finish], 'registering the webhook')
  }
  const { remote } = observed
  if (remote.state === 'failed') return afterFailure(remote.failure, 0)
  if (remote.state === 'several') return planDuplicates(webhook, observed, remote.webhooks)
  if (remote.state !== 'found' || !mayTouch(webhook, observed, remote.value)) {
    return act([{ type: 'CloseIntent' }], 'RotationInProgress', 'the webhook to rotate is not there any more')
  }
  const { id } = remote.value.webhook
  const rotate: Action = { type: 'RotateSigningSecret', id, revocation: revocationOf(webhook, operation) }
  return withPreparedSecret(webhook, observed, [rotate, ...finish], 'rotating the signing secret')
}

/** There is one webhook. If its secret is held, the intent is done. If not, it is rotated under a new intent. */
function settle(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  operation: Operation,
  remote: RemoteView,
  ctx: PlanContext,
): Plan {
  const { id, name } = remote.webhook
  if (!mayTouch(webhook, observed, remote)) {
    const message = `webhook ${id} (name "${name ?? ''}") does not carry the marker of this object; it is recorded, and nothing more is created`
    return stall('MarkerNotEchoed', message, { type: 'Registered', status: 'False' })
  }
  const adopt: Action[] = webhook.status?.webhook?.id === id ? [] : [{ type: 'AdoptWebhook', id }]
  if (holdsOutcome(operation, remote.webhook, observed)) {
    // Closed once receivers and the Secret have what the call revealed: until then deliveries that do not verify are
    // answered 503.
    const stored = planStored(webhook, observed, remote, ctx)
    return 'finding' in stored
      ? stored
      : act([...adopt, ...stored, { type: 'CloseIntent' }], progressOf(operation), 'the call had succeeded')
  }
  const target = valueOf(observed.secret)
  const holdsAny = target?.secrets.current !== undefined || observed.keyring !== undefined
  if (holdsAny && !remote.confirmed) {
    return remote.confirmInMs > 0
      ? waitMs(remote.confirmInMs, progressOf(operation), messageOf(operation))
      : act([...adopt, { type: 'ConfirmRemote', id }], progressOf(operation), messageOf(operation))
  }
  const again: Action =
    operation.type === 'Create'
      ? { type: 'RecordIntent', operation: 'Rotate', cause: 'Adoption' }
      : {
          type: 'RecordIntent',
          operation: 'Rotate',
          cause: causeOf(operation),
          ...(operation.requestID !== undefined && { requestID: operation.requestID }),
        }
  return withPreparedSecret(
    webhook,
    observed,
    [...adopt, again],
    'the answer was lost, and the secret with it: rotating',
  )
}

/**
 * A repair begins because nothing that is held fits. If something fits afterwards, it is what the call revealed, stored
 * under its attempt; anything else only happens to end in the same four characters.
 */
function holdsOutcome({ cause, attemptID }: Operation, remote: RemoteWebhook, observed: ObservedWebhook): boolean {
  if (!holdsSecretOf(remote, observed)) return false
  return cause !== 'Repair' || attemptOf(heldSecretOf(remote, observed), observed) === attemptID
}

function causeOf({ cause }: Operation): 'Adoption' | 'Interval' | 'Request' | 'Repair' {
  return cause === 'Adoption' || cause === 'Interval' || cause === 'Request' ? cause : 'Repair'
}

function progressOf({ type }: Operation): 'CreateIncomplete' | 'RotationInProgress' {
  return type === 'Create' ? 'CreateIncomplete' : 'RotationInProgress'
}

/** `why`: how the call failed, for people who wait for an object whose calls fail repeatedly. */
function messageOf({ type, attemptID }: Operation, why?: string): string {
  const progress =
    type === 'Create'
      ? `create ${attemptID} was begun; its outcome is looked up once it must be over`
      : `rotation ${attemptID} is under way`
  return why === undefined ? progress : `${progress}: ${why}`
}
