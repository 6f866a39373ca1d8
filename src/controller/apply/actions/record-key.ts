import { accessOf, type ActionStep } from '../action-state.ts'

/** In status, where it outlives this process: a deletion may end long after its call. */
export const recordKey: ActionStep = async (state, ctx) => {
  const webhook = { ...state.draft.webhook, keyFingerprint: accessOf(ctx).fingerprint }
  return { ...state, draft: { ...state.draft, webhook } }
}
