import { signingSecretNameOf } from '../../../api/defaults.ts'
import { withEvent, type ActionState, type ActionStep } from '../action-state.ts'
import type { Action } from '../../facts/action.ts'
import type { PassContext } from '../pass-context.ts'
import { formatTime } from '../../../format-time.ts'
import { attemptOf } from '../../facts/held-secret.ts'
import { valueOf } from '../../facts/lookup.ts'
import { createEmptyTarget, putTarget } from './put-target.ts'

export const prepareSecret: ActionStep = createEmptyTarget

/** Brings the Secret to what the keyring and Google agree on; no secret changes by it. */
export async function storeSecret(
  state: ActionState,
  ctx: PassContext,
  { secrets, cause }: Extract<Action, { type: 'StoreSecret' }>,
): Promise<ActionState> {
  const attemptID = attemptOf(secrets[0]?.secret, state.observed) ?? valueOf(state.observed.secret)?.attemptID
  const next = await putTarget(state, ctx, { secrets, attemptID })
  if (cause === 'Metadata') ctx.memory.wroteMetadata(state.webhook)
  if (cause === 'Metadata' || cause === 'Expired') return next
  const name = signingSecretNameOf(state.webhook)
  if (cause === 'Imported') {
    const note = `Secret ${name} holds the signing secret of the adopted webhook and is kept from now on`
    return withEvent(next, { type: 'Normal', reason: 'SecretImported', action: 'Adopt', note })
  }
  const note =
    cause === 'Restored' ? `Secret ${name} was restored` : `Secret ${name} was changed by another hand and restored`
  const counted = cause === 'Overwritten' ? withRepair(next, ctx) : next
  return withEvent(counted, { type: 'Normal', reason: 'SecretRepaired', action: 'Repair', note })
}

/** Counts a repair: a writer that keeps changing the Secret must not cause repairs without end. */
export function withRepair(state: ActionState, { clock, config }: PassContext): ActionState {
  const { signingSecret = {} } = state.draft
  const repairTimes = [...(signingSecret.repairTimes ?? []), formatTime(clock.now())].slice(-config.maxRepairs)
  const repairs = (signingSecret.repairs ?? 0) + 1
  return { ...state, draft: { ...state.draft, signingSecret: { ...signingSecret, repairs, repairTimes } } }
}
