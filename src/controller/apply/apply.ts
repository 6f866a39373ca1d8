import { geminiWebhookKind } from '../../api/kind.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { isConflict, KubernetesApiError } from '../../kubernetes/client.ts'
import { unreachable } from '../../unreachable.ts'
import type { Action } from '../facts/action.ts'
import { withEvent, type ActionState } from './action-state.ts'
import { withoutKey } from '../facts/without-key.ts'
import { deleteOldSecret, deleteTargetSecret } from './actions/delete-secret.ts'
import { deleteWebhooks, leaveProject } from './actions/delete-webhooks.ts'
import { deleteDynamicSecret, storeDynamicSecret } from './actions/dynamic-secret.ts'
import { abandonCheck, failCheck, openCheck, passCheck, pingEndpoint, repeatCheck } from './actions/endpoint-check.ts'
import { addFinalizer, removeFinalizer } from './actions/finalizer.ts'
import { closeIntent, recordIntent } from './actions/intent.ts'
import { recordOrphan } from './actions/record-orphan.ts'
import { countReenable, probeEndpoint, reenableWebhook } from './actions/reenable-webhook.ts'
import { registerWebhook } from './actions/register-webhook.ts'
import { adoptWebhook, confirmRemote, forgetWebhook } from './actions/remote-identity.ts'
import { rotateSigningSecret } from './actions/rotate-signing-secret.ts'
import { forgiveRepairs } from './actions/forgive-repairs.ts'
import { recordKey } from './actions/record-key.ts'
import { storeRevealedSecret } from './actions/store-revealed-secret.ts'
import { prepareSecret, storeSecret } from './actions/store-secret.ts'
import { updateWebhook } from './actions/update-webhook.ts'
import { removeKeyringEntry, writeKeyring } from './actions/write-keyring.ts'
import type { PassContext } from './pass-context.ts'
import { failureOf, isRefusedWrite, type Failure } from '../facts/failure-class.ts'
import { viewRefusedWrites } from '../memory/refused-writes.ts'

export interface ApplyReport {
  state: ActionState
  /** The action that failed stopped the rest. */
  failure?: Failure
}

/**
 * Carries the actions out in order and stops at the first failure. A lost race (409) is thrown: the next pass starts
 * from what won.
 */
export async function applyPlan(
  start: ActionState,
  actions: readonly Action[],
  ctx: PassContext,
): Promise<ApplyReport> {
  let state = start
  if (actions.some(changesGoogle)) await assertLive(start.webhook, ctx)
  if (actions.some((action) => callsGoogle(action) || action.type === 'ConfirmRemote')) assertNotPaused(ctx)
  for (const action of actions) {
    try {
      state = await perform(action, state, ctx)
      ctx.instruments.actions.add(1, { action: action.type, outcome: 'done' })
      ctx.memory.did(action.type)
    } catch (error) {
      ctx.instruments.actions.add(1, { action: action.type, outcome: 'failed' })
      if (isConflict(error)) throw error
      const failure = failureOf(error)
      countSetback(action, state, failure, ctx)
      return afterFailedAction(withFailureNoted(action, state, failure, ctx), { failure, action: action.type }, ctx)
    }
    if (state.halted === true || state.released === true) break
  }
  // An action that merely prepares a call says nothing about whether the call will be refused again.
  if (state.halted !== true && actions.some(callsGoogle)) ctx.memory.accepted()
  return { state }
}

/**
 * Whatever else fails is tried again by the queue, whose pauses grow; an intent that is settled in between would begin
 * them anew.
 */
function countSetback({ type }: Action, { webhook }: ActionState, { message: why }: Failure, ctx: PassContext): void {
  const isAnnounced = type === 'RegisterWebhook' || type === 'RotateSigningSecret'
  if (!isAnnounced || ctx.memory.view.intent?.call !== 'unclear') return
  ctx.memory.setBack(webhook, { operation: type === 'RegisterWebhook' ? 'Create' : 'Rotate', why }, ctx)
}

/** What the next passes, and the conditions of this one, need to know of a write that failed. */
function withFailureNoted({ type }: Action, state: ActionState, failure: Failure, ctx: PassContext): ActionState {
  const told = type === 'StoreRevealedSecret' ? withUnstoredReported(state, failure, ctx) : state
  if (!isRefusedWrite(failure)) return told
  const { webhook, observed } = told
  ctx.memory.refusedWrite({ type, failure }, { webhook, observed }, ctx)
  const refusedWrites = viewRefusedWrites(ctx.memory.view.retries.writes, { webhook, observed }, ctx.clock.monotonic())
  return { ...told, observed: { ...observed, refusedWrites } }
}

/** Once for each call: the Event says that the secret with which Google signs is not in the Secret that jobs read. */
function withUnstoredReported(state: ActionState, { message }: Failure, { memory }: PassContext): ActionState {
  const { revealed, unstoredReported } = memory.view
  if (revealed === undefined || unstoredReported === revealed.attemptID) return state
  memory.reportedUnstored(revealed.attemptID)
  return withEvent(state, { type: 'Warning', reason: 'SecretNotStored', action: 'Store', note: message })
}

/**
 * An intent whose call was refused outright has had no effect: it is withdrawn with the same write that reports the
 * refusal.
 */
function afterFailedAction(
  state: ActionState,
  failed: { failure: Failure; action: Action['type'] },
  { memory }: PassContext,
): ApplyReport {
  const { failure } = failed
  const isRefusal = failure.class === 'terminal' && failure.reason === 'RemoteRejected'
  const judged = isRefusal ? memory.refused(state.webhook.metadata, failed) : failure
  const withdraws =
    memory.view.intent?.call === 'notMade' && ['terminal', 'credentials', 'refused'].includes(judged.class)
  if (!withdraws) return { state, failure: judged }
  memory.forgotIntent()
  return { state: { ...state, draft: withoutKey(state.draft, 'operation') }, failure: judged }
}

function changesGoogle({ type }: Action): boolean {
  return [
    'RegisterWebhook',
    'RotateSigningSecret',
    'UpdateWebhook',
    'ReenableWebhook',
    'DeleteWebhooks',
    'LeaveProject',
  ].includes(type)
}

function callsGoogle(action: Action): boolean {
  return changesGoogle(action) || action.type === 'PingEndpoint'
}

/** The cache wakes an object up; it never authorises a change at Google. */
async function assertLive({ metadata }: GeminiWebhook, { client }: PassContext): Promise<void> {
  const live = await client.get<GeminiWebhook>(geminiWebhookKind, metadata)
  if (live?.metadata.uid === metadata.uid && live.metadata.resourceVersion === metadata.resourceVersion) return
  throw new KubernetesApiError({
    status: 409,
    reason: 'Conflict',
    message: `GeminiWebhook ${metadata.namespace}/${metadata.name} changed since it was looked at: planning again`,
  })
}

/** A pause that begins during a pass holds for it too: the next pass starts from there. */
function assertNotPaused({ pause }: PassContext): void {
  if (pause() === undefined) return
  const message = 'the installation was paused since this object was looked at: planning again'
  throw new KubernetesApiError({ status: 409, reason: 'Conflict', message })
}

function perform(action: Action, state: ActionState, ctx: PassContext): Promise<ActionState> {
  switch (action.type) {
    case 'AddFinalizer':
      return addFinalizer(state, ctx)
    case 'PrepareSecret':
      return prepareSecret(state, ctx)
    case 'RecordIntent':
      return recordIntent(state, ctx, action)
    case 'RegisterWebhook':
      return registerWebhook(state, ctx)
    case 'AdoptWebhook':
      return adoptWebhook(state, ctx, action)
    case 'RotateSigningSecret':
      return rotateSigningSecret(state, ctx, action)
    case 'StoreRevealedSecret':
      return storeRevealedSecret(state, ctx)
    case 'StoreSecret':
      return storeSecret(state, ctx, action)
    case 'ForgiveRepairs':
      return forgiveRepairs(state, ctx)
    case 'RecordKey':
      return recordKey(state, ctx)
    case 'WriteKeyring':
      return writeKeyring(state, ctx, action.secrets)
    case 'CloseIntent':
      return closeIntent(state, ctx)
    case 'ConfirmRemote':
      return confirmRemote(state, ctx, action)
    case 'UpdateWebhook':
      return updateWebhook(state, ctx, action)
    case 'DeleteWebhooks':
      return deleteWebhooks(state, ctx, action)
    case 'ForgetWebhook':
      return forgetWebhook(state, ctx)
    case 'LeaveProject':
      return leaveProject(state, ctx, action)
    case 'DeleteOldSecret':
      return deleteOldSecret(state, ctx, action)
    case 'StoreDynamicSecret':
      return storeDynamicSecret(state, ctx, action)
    case 'DeleteDynamicSecret':
      return deleteDynamicSecret(state, ctx, action)
    case 'OpenCheck':
      return openCheck(state, ctx)
    case 'RepeatCheck':
      return repeatCheck(state, ctx)
    case 'PingEndpoint':
      return pingEndpoint(state, ctx, action)
    case 'PassCheck':
      return passCheck(state, ctx)
    case 'FailCheck':
      return failCheck(state, ctx)
    case 'AbandonCheck':
      return abandonCheck(state, ctx)
    case 'ProbeEndpoint':
      return probeEndpoint(state, ctx)
    case 'CountReenable':
      return countReenable(state, ctx)
    case 'ReenableWebhook':
      return reenableWebhook(state, ctx, action)
    case 'RemoveKeyringEntry':
      return removeKeyringEntry(state, ctx)
    case 'DeleteTargetSecret':
      return deleteTargetSecret(state, ctx)
    case 'RecordOrphan':
      return recordOrphan(state, ctx, action)
    case 'RemoveFinalizer':
      return removeFinalizer(state, ctx)
    default:
      return unreachable(action)
  }
}
