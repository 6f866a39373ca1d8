import type { ActionStep } from '../action-state.ts'
import { withoutKey } from '../../facts/without-key.ts'

/**
 * Once for each request to look now: a writer that has not stopped ends in a Stalled object again, and is not let off
 * twice by one annotation.
 */
export const forgiveRepairs: ActionStep = async (state, { memory }) => {
  memory.forgave()
  const signingSecret = withoutKey(state.draft.signingSecret ?? {}, 'repairTimes')
  return { ...state, draft: { ...state.draft, signingSecret } }
}
