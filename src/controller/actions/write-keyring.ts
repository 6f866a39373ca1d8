import type { LiveSecret } from '../../keyring/entry.ts'
import type { ActionState, ActionStep } from '../action-state.ts'
import type { PassContext } from '../context.ts'

/** Hands the live secrets, the resolved sinks and what opens the dynamic endpoint to the receivers. */
export async function writeKeyring(state: ActionState, ctx: PassContext, secrets: LiveSecret[]): Promise<ActionState> {
  const { uid, namespace, name } = state.webhook.metadata
  const { resolved, held } = state.observed.sinks
  const dynamic = state.observed.dynamic?.entry
  const entry = {
    uid,
    namespace,
    name,
    secrets,
    sinks: resolved,
    ...(held.length > 0 && { heldSinks: held }),
    ...(dynamic !== undefined && { dynamic }),
  }
  await ctx.aside(() => ctx.keyring.write(entry))
  return { ...state, observed: { ...state.observed, keyring: entry } }
}

export const removeKeyringEntry: ActionStep = async (state, ctx) => {
  await ctx.aside(() => ctx.keyring.remove(state.webhook.metadata.uid))
  return { ...state, observed: { ...state.observed, keyring: undefined } }
}
