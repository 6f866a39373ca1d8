import { geminiWebhookKind } from '../../../api/kind.ts'
import type { GeminiWebhook } from '../../../api/gemini-webhook.ts'
import { finalizer } from '../../../api/names.ts'
import { isNotFound } from '../../../kubernetes/client.ts'
import type { ActionState, ActionStep } from '../action-state.ts'
import type { PassContext } from '../pass-context.ts'

export const addFinalizer: ActionStep = async (state, ctx) => {
  const webhook = await patchFinalizers(state, [...(state.webhook.metadata.finalizers ?? []), finalizer], ctx)
  return { ...state, webhook }
}

/** The last step of a deletion. Succeeds for an object that is gone already. */
export const removeFinalizer: ActionStep = async (state, ctx) => {
  const others = (state.webhook.metadata.finalizers ?? []).filter((name) => name !== finalizer)
  try {
    await patchFinalizers(state, others, ctx)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  return { ...state, released: true }
}

/** Guarded by resourceVersion: a merge patch replaces the whole list, other people's finalizers included. */
function patchFinalizers(
  { webhook }: ActionState,
  finalizers: string[],
  { client }: PassContext,
): Promise<GeminiWebhook> {
  const { resourceVersion } = webhook.metadata
  const patch = { metadata: { resourceVersion, finalizers } }
  return client.patch<GeminiWebhook>(geminiWebhookKind, webhook.metadata, patch, { type: 'merge' })
}
