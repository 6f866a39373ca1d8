import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { finalizer } from '../api/names.ts'

export function isDeleting(webhook: GeminiWebhook): boolean {
  return webhook.metadata.deletionTimestamp !== undefined
}

export function hasFinalizer(webhook: GeminiWebhook): boolean {
  return webhook.metadata.finalizers?.includes(finalizer) === true
}
