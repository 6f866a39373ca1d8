import type { KeyringEntry, LiveSecret } from '../../../contract/keyring/entry.ts'
import type { ActionState, ActionStep } from '../action-state.ts'
import type { PassContext } from '../pass-context.ts'
import { withBackfillBegunAnew } from '../backfill-begun-anew.ts'
import { attemptOf } from '../../facts/held-secret.ts'

/**
 * Writes the live secrets, the resolved sinks and the tokens of the dynamic endpoint for the receivers. Where they are
 * to remember jobs for longer, status first stops saying since when they do: it is written by this pass, and the next
 * writes the rest. A pass that is lost in between, by a crash or a race, sends nothing that they have forgotten.
 */
export async function writeKeyring(
  state: ActionState,
  ctx: PassContext,
  secrets: readonly LiveSecret[],
  attemptID = attemptOf(secrets[0]?.secret, state.observed),
): Promise<ActionState> {
  const { keyring: before } = state.observed
  const wanted = keyringEntryOf(state, secrets, attemptID)
  const isLonger = remembersForLonger(before, wanted)
  const isTold = state.webhook.status?.backfill?.since !== undefined
  const entry = isLonger && isTold ? withMemoryOf(before, wanted) : wanted
  await ctx.withoutWorker(() => ctx.keyring.write(entry))
  const written = { ...state, observed: { ...state.observed, keyring: entry } }
  return isLonger ? withBackfillBegunAnew(written) : written
}

/** What receivers had before is forgotten as soon as before. Of an object without an entry they had nothing yet. */
function remembersForLonger(before: KeyringEntry | undefined, after: KeyringEntry): boolean {
  return before !== undefined && (after.foldJobsForSeconds ?? 0) > (before.foldJobsForSeconds ?? 0)
}

function withMemoryOf(before: KeyringEntry | undefined, entry: KeyringEntry): KeyringEntry {
  const { foldJobsForSeconds: _longer, ...rest } = entry
  const { foldJobsForSeconds } = before ?? {}
  return { ...rest, ...(foldJobsForSeconds !== undefined && { foldJobsForSeconds }) }
}

/** The entry as it is to be. `attemptID`: what revealed the first of the secrets. */
export function keyringEntryOf(
  { webhook, observed }: ActionState,
  secrets: readonly LiveSecret[],
  attemptID: string | undefined,
): KeyringEntry {
  const { uid, namespace, name } = webhook.metadata
  const { resolved, held, suspensions = [] } = observed.sinks
  const dynamic = observed.dynamic?.entry
  const { foldJobsForSeconds } = observed
  return {
    uid,
    namespace,
    name,
    secrets: [...secrets],
    ...(attemptID !== undefined && { attemptID }),
    sinks: resolved,
    ...(held.length > 0 && { heldSinks: held }),
    ...(suspensions.length > 0 && { suspensions }),
    ...(foldJobsForSeconds !== undefined && { foldJobsForSeconds }),
    ...(dynamic !== undefined && { dynamic }),
  }
}

export const removeKeyringEntry: ActionStep = async (state, ctx) => {
  await ctx.withoutWorker(() => ctx.keyring.remove(state.webhook.metadata.uid))
  return { ...state, observed: { ...state.observed, keyring: undefined } }
}
