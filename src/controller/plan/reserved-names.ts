import { dynamicSecretNameOf, signingSecretNameOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { allKeyringSecretNames } from '../../contract/keyring/shard.ts'
import type { ObjectKey } from '../../kubernetes/client.ts'
import { stall, type Plan, type PlanContext } from './result.ts'

/**
 * In the operator's own namespace an object could name a Secret of the keyring, which has the entries of all objects:
 * used as an API key it would be sent to Google, and used as the object's own Secret, made before the keyring needs it,
 * it would be overwritten with every rotation.
 */
export function planReservedNames(webhook: GeminiWebhook, { config }: Pick<PlanContext, 'config'>): Plan | undefined {
  const named = {
    'spec.apiKeySecretRef.name': webhook.spec.apiKeySecretRef?.name,
    'spec.signingSecret.name': signingSecretNameOf(webhook),
    'spec.dynamic.secretName': dynamicSecretNameOf(webhook),
  }
  const { namespace } = webhook.metadata
  for (const [field, name] of Object.entries(named)) {
    const message = name === undefined ? undefined : explainReserved(field, { namespace, name }, config)
    if (message !== undefined) return stall('SecretNameTaken', message, { type: 'SecretAvailable', status: 'False' })
  }
  return undefined
}

/** Why this field may not name this Secret; undefined: it may. Pure. */
export function explainReserved(
  field: string,
  { namespace, name }: ObjectKey,
  config: { namespace: string },
): string | undefined {
  if (namespace !== config.namespace || !allKeyringSecretNames().includes(name)) return undefined
  return `${field}: Secret ${namespace}/${name} belongs to the operator itself: choose another one`
}
