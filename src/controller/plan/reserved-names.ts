import { dynamicSecretNameOf, signingSecretNameOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { allKeyringSecretNames } from '../../contract/keyring/shard.ts'
import { stall, type Plan, type PlanContext } from './result.ts'

/**
 * In the operator's own namespace an object could name a Secret of the keyring, which has the entries of all objects:
 * used as an API key it would be sent to Google, and used as the object's own Secret, made before the keyring needs it,
 * it would be overwritten with every rotation.
 */
export function planReservedNames(webhook: GeminiWebhook, { config }: Pick<PlanContext, 'config'>): Plan | undefined {
  if (webhook.metadata.namespace !== config.namespace) return undefined
  const named = {
    'spec.apiKeySecretRef.name': webhook.spec.apiKeySecretRef?.name,
    'spec.signingSecret.name': signingSecretNameOf(webhook),
    'spec.dynamic.secretName': dynamicSecretNameOf(webhook),
  }
  const reserved = allKeyringSecretNames()
  const [field, name] = Object.entries(named).find(([, each]) => each !== undefined && reserved.includes(each)) ?? []
  if (field === undefined) return undefined
  const message = `${field}: Secret ${config.namespace}/${name ?? ''} belongs to the operator itself: choose another one`
  return stall('SecretNameTaken', message, { type: 'SecretAvailable', status: 'False' })
}
