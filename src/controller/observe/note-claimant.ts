import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { WebhookContext } from './context.ts'
import type { Claimant } from '../facts/observed.ts'
import type { Recollection } from '../memory/recollection.ts'

/**
 * Remembers to whom the object yields, so that it is woken when that goes. The log names both, once: status and Events
 * of an object tell nothing of other namespaces, so this is where whoever runs the installation finds the two.
 */
export function noteClaimant(
  { metadata: { namespace, name }, spec }: GeminiWebhook,
  claimant: Claimant | undefined,
  recollection: Recollection,
  { logger }: Pick<WebhookContext, 'logger'>,
): void {
  const yieldsTo = claimant && `${claimant.namespace}/${claimant.name}`
  if (recollection.yieldsTo === yieldsTo) return
  if (yieldsTo === undefined) {
    delete recollection.yieldsTo
    return
  }
  recollection.yieldsTo = yieldsTo
  logger.info({ namespace, name, id: spec.externalID, holder: yieldsTo }, 'webhook.yielded_claim')
}
