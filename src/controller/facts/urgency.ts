import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { isDeleting } from './life-stage.ts'
import { isRotationUrged } from '../rotation/rotation-schedule.ts'

/**
 * Whether this object's work goes first within the share of its namespace, before a crowd of new or edited ones: a
 * requested rotation, a lost secret, and a deletion. Pure; decided from the object alone, as the watch shows it.
 */
export function isUrgent(webhook: GeminiWebhook): boolean {
  if (isDeleting(webhook)) return true
  const { spec, status } = webhook
  // What is not registered yet gets a fresh secret anyway.
  if (spec.suspend === true || status?.webhook?.id === undefined) return false
  const cause = status.operation?.type === 'Rotate' ? status.operation.cause : undefined
  return isRotationUrged(webhook) || cause === 'Request' || cause === 'Repair' || lacksSecret(webhook)
}

function lacksSecret({ status }: GeminiWebhook): boolean {
  const secret = status?.conditions?.find(({ type }) => type === 'SecretAvailable')
  return secret?.status === 'False' && secret.reason === 'Repairing'
}
