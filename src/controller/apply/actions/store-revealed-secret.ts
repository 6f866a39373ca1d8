import { geminiWebhookKind } from '../../../api/kind.ts'
import type { GeminiWebhook } from '../../../api/gemini-webhook.ts'
import { isConflict, KubernetesApiError } from '../../../kubernetes/client.ts'
import { operationOf, withEvent, type ActionState, type ActionStep } from '../action-state.ts'
import type { PassContext } from '../pass-context.ts'
import { FailedCall, failureOf } from '../../facts/failure-class.ts'
import { valueOf } from '../../facts/lookup.ts'
import type { RevealedSecret } from '../../facts/observed.ts'
import { nameTaken } from '../../plan/creation.ts'
import { assertTargetUntouched, putTarget } from './put-target.ts'
import { writeKeyring } from './write-keyring.ts'

/**
 * Writes what a create or rotate revealed: the keyring first, so that receivers verify whatever becomes of the Secret,
 * then the Secret. What one of them refuses the other still gets, for it is all that a restart leaves; the intent is
 * closed when both have it.
 */
export const storeRevealedSecret: ActionStep = async (state, ctx) => {
  const { revealed } = ctx.memory.view
  if (revealed === undefined) throw new Error('nothing was revealed to be stored: a defect of the plan')
  await assertAnnounced(state, revealed.attemptID, ctx)
  await assertTargetUntouched(state, ctx)
  const told = await attempt(() => writeKeyring(state, ctx, revealed.secrets, revealed.attemptID))
  const stored = await attempt(() => putOwn('value' in told ? told.value : state, ctx, revealed))
  if ('error' in told) throw explained(told.error, 'in the Secret')
  if ('error' in stored) throw explained(stored.error, 'in the keyring, so receivers verify with it')
  ctx.memory.forgotRevealed()
  const observed = { ...stored.value.observed }
  delete observed.revealed
  const { type, attemptID } = operationOf(state)
  const note = type === 'Create' ? undefined : `the signing secret was rotated (attempt ${attemptID})`
  const done = { ...stored.value, observed }
  return note === undefined ? done : withEvent(done, { type: 'Normal', reason: 'Rotated', action: 'Rotate', note })
}

/**
 * Throws when a newer leader has settled the intent, or announced another: what was revealed here is then stale, and
 * would replace the valid secret.
 */
async function assertAnnounced({ webhook }: ActionState, attemptID: string, { client }: PassContext): Promise<void> {
  const { metadata } = webhook
  const live = await client.get<GeminiWebhook>(geminiWebhookKind, metadata)
  if (live?.metadata.uid === metadata.uid && live.status?.operation?.attemptID === attemptID) return
  throw new KubernetesApiError({
    status: 409,
    reason: 'Conflict',
    message: `GeminiWebhook ${metadata.namespace}/${metadata.name} does not announce attempt ${attemptID} any more: planning again`,
  })
}

/** Another Secret of that name may have been made meanwhile. */
async function putOwn(state: ActionState, ctx: PassContext, revealed: RevealedSecret): Promise<ActionState> {
  if (valueOf(state.observed.secret)?.ownership !== 'stranger') return putTarget(state, ctx, revealed)
  const { reason, message } = nameTaken(state.webhook).finding
  throw new FailedCall({ class: 'terminal', reason, message, mayHaveCommitted: false })
}

/** What is lost by a refusal, and what not. A conflict stays a conflict. */
function explained(error: unknown, kept: string): unknown {
  if (isConflict(error)) return error
  const failure = failureOf(error)
  return new FailedCall({
    ...failure,
    message: `${failure.message}; the signing secret that Google revealed is ${kept} and is written as soon as it is allowed`,
  })
}

async function attempt<T>(step: () => Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await step() }
  } catch (error) {
    return { error }
  }
}
