import { desiredStateOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { isDeleting } from '../facts/life-stage.ts'

/**
 * Whether events are looked for and sent for this object. Also while Google has disabled its webhook: that is when they
 * are missing. Pure.
 */
export function mayBackfill(webhook: GeminiWebhook): boolean {
  const { spec, status } = webhook
  if (spec.backfill === undefined || spec.events === undefined || spec.endpoint?.url !== undefined) return false
  // Suspended: no calls to Google. Disabled: nothing is to be delivered.
  if (spec.suspend === true || desiredStateOf(spec) === 'Disabled') return false
  return !isDeleting(webhook) && status?.webhook?.id !== undefined
}
