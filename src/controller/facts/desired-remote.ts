import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { desiredRemoteOf, type DesiredRemote } from './differences.ts'
import type { ObservedWebhook } from './observed.ts'
import { identityOf, remoteNameOf } from './ownership.ts'

/** Undefined while the endpoint or the installation is not known: then nothing can be compared. */
export function desiredFor(
  webhook: GeminiWebhook,
  { endpoint, installation }: Pick<ObservedWebhook, 'endpoint' | 'installation'>,
): DesiredRemote | undefined {
  if (endpoint.state === 'invalid' || installation.state !== 'confirmed') return undefined
  const name = remoteNameOf(identityOf(installation, webhook), webhook.spec.displayName)
  return desiredRemoteOf(webhook, name, endpoint.url)
}
