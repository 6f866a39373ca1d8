import { begunAnew } from '../facts/begun-anew.ts'
import type { ActionState } from './action-state.ts'

/** Of what ended before now it cannot be told any more what had to arrive, or did. Pure. */
export function withBackfillBegunAnew(state: ActionState): ActionState {
  const { backfill } = state.draft
  if (backfill?.since === undefined) return state
  return { ...state, draft: { ...state.draft, backfill: begunAnew(backfill) } }
}
