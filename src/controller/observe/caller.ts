import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Caller } from '../../gemini/webhook-service.ts'
import type { ReconcileTurn } from '../../kubernetes/controller-loop.ts'

/**
 * Who calls Google for an object: its namespace has a share of the key's budget, and no worker waits for it or for the
 * answer.
 */
export function callerFor({ metadata }: GeminiWebhook, { withoutWorker, signal, isUrgent }: ReconcileTurn): Caller {
  return { party: metadata.namespace, isUrgent, withoutWorker, signal }
}
