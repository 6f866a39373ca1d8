import { defaultApiKeyField } from '../../api/defaults.ts'
import type { GeminiWebhookManifest } from '../../api/gemini-webhook.ts'
import { apiVersion, kindName } from '../../api/kind.ts'
import { markerIn, withoutToken } from '../../controller/facts/ownership.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'

interface Place {
  namespace: string
  apiKeySecret: string
  /** Of that Secret. */
  apiKeyField: string
}

const maxDisplayName = 64
const maxObjectName = 40

/**
 * The manifest that adopts a webhook as it is: same URL, same events, same state. Its secret cannot be read, so
 * adopting rotates it, with Google's overlap. `names` are those that are taken; the new one is added. Pure but for
 * that.
 */
export function adoptionManifest(
  { id, name = '', uri, subscribedEvents, state }: RemoteWebhook,
  { namespace, apiKeySecret, apiKeyField }: Place,
  names: Set<string>,
): GeminiWebhookManifest {
  const marker = markerIn(name)
  const displayName = (marker === undefined ? name : withoutToken(name).slice(marker.length))
    .trim()
    .slice(0, maxDisplayName)
  return {
    apiVersion,
    kind: kindName,
    metadata: { namespace, name: freeName(displayName, id, names) },
    spec: {
      apiKeySecretRef: { name: apiKeySecret, ...(apiKeyField !== defaultApiKeyField && { key: apiKeyField }) },
      events: subscribedEvents.toSorted(),
      ...(displayName !== '' && { displayName }),
      ...(state === 'disabled' && { state: 'Disabled' }),
      endpoint: { url: uri },
      externalID: id,
      // Only where it is needed: TakeOver takes a webhook away from the owner of the marker.
      adoptionPolicy: marker === undefined ? 'AdoptOnly' : 'TakeOver',
      deletionPolicy: 'Retain',
    },
  }
}

/** A name that people recognise; the id makes it one of its own where that is taken. */
function freeName(displayName: string, id: string, names: Set<string>): string {
  const slug = displayName
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, maxObjectName)
    .replace(/-+$/, '')
  const suffix =
    id
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, '')
      .slice(0, 12) || 'webhook'
  const name = slug === '' ? `webhook-${suffix}` : names.has(slug) ? `${slug}-${suffix}` : slug
  names.add(name)
  return name
}
