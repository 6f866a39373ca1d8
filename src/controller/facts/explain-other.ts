import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import type { ObservedWebhook } from './observed.ts'
import { installationConfigMapName } from '../../contract/installation-record.ts'
import { identityOf, isSameMarker, markerIn, tokenIn } from './ownership.ts'

/**
 * Two installations of one id are a mistake that is hard to see: the marker is ours, so the message must say what is
 * not, and what a person has to do in each of the two cases. Undefined where the marker alone shows that the webhook is
 * not ours.
 */
export function explainNamesake(
  webhook: GeminiWebhook,
  { installation }: Pick<ObservedWebhook, 'installation'>,
  { id, name }: RemoteWebhook,
): string | undefined {
  const token = tokenIn(name)
  if (installation.state !== 'confirmed' || token === undefined) return undefined
  const { marker, formerMarker, token: ours } = identityOf(installation, webhook)
  const theirs = markerIn(name)
  if (!isSameMarker(theirs, marker) && !isSameMarker(theirs, formerMarker)) return undefined
  return `webhook ${id} at Google belongs to another installation with the same installationId ${installation.id} (its name carries @${token}, this one writes @${ours}), so another cluster or namespace runs with these settings; nothing is touched: give one of the two another installationId, or, if the other is gone for good, add ${token} to formerTokens in the ConfigMap ${installationConfigMapName} of this one`
}
