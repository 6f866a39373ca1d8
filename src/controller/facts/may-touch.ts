import { adoptionPolicyOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { fitsHint, currentHint } from '../secrets/hint.ts'
import type { ObservedWebhook, RemoteView } from './observed.ts'

/**
 * Ours by marker; by `externalID` unless it carries a foreign marker (TakeOver takes even that); or without any marker,
 * when our URL or our secret prove that only the name was edited. An id in status alone proves nothing: status can be
 * written by others.
 */
export function mayTouch(
  webhook: GeminiWebhook,
  observed: Pick<ObservedWebhook, 'keyring' | 'endpoint'>,
  remote: RemoteView,
): boolean {
  const { spec, status } = webhook
  if (remote.owner === 'ours') return true
  if (spec.externalID === remote.webhook.id) {
    return remote.owner === 'nobody' || adoptionPolicyOf(spec) === 'TakeOver'
  }
  if (remote.owner === 'another' || status?.webhook?.id !== remote.webhook.id) return false
  const hint = currentHint(remote.webhook)
  const held = observed.keyring?.secrets[0]?.secret
  const holdsSecret = hint !== undefined && held !== undefined && fitsHint(held, hint)
  const isOurUrl = observed.endpoint.state === 'ours' && observed.endpoint.url === remote.webhook.uri
  return holdsSecret || isOurUrl
}
