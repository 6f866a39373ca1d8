import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { finalizer } from '../../api/names.ts'

export function isDeleting(webhook: GeminiWebhook): boolean {
  return webhook.metadata.deletionTimestamp !== undefined
}

export function hasFinalizer(webhook: GeminiWebhook): boolean {
  return webhook.metadata.finalizers?.includes(finalizer) === true
}

/**
 * Whether work on this object is awaited: it is in service and was edited, or it is being deleted, or half done. After
 * a start, and when there are many objects at once, these come before objects that are only to be compared or have not
 * begun, so that what was begun is finished first.
 */
export function isAwaited(webhook: GeminiWebhook): boolean {
  const { metadata, status } = webhook
  if (isDeleting(webhook) || status?.operation !== undefined || status?.check !== undefined) return true
  return status?.webhook?.id !== undefined && status.observedGeneration !== metadata.generation
}
