import { apiKeyFieldOf, deletionPolicyOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { apiKeyFingerprint } from '../../gemini/api-key-fingerprint.ts'
import type { Failure } from '../facts/failure-class.ts'
import type { SecretReader } from './secret-reader.ts'

export type ApiKeyResult =
  | { state: 'found'; value: { apiKey: string; fingerprint: string } }
  | { state: 'notNeeded' }
  | { state: 'missing'; reason: 'SecretNotFound' | 'SecretKeyMissing'; message: string }
  | { state: 'failed'; failure: Failure }

/** Google's have 39. One that is longer is none, and would be kept for as long as an object uses it. */
const longestApiKey = 1_024

/** Reads the API key that the spec names. The key itself goes no further than the pool of services. */
export async function lookUpApiKey(
  webhook: GeminiWebhook,
  installationId: string,
  secrets: SecretReader,
): Promise<ApiKeyResult> {
  const { metadata, spec } = webhook
  if (spec.apiKeySecretRef === undefined) return judgeAbsence(webhook)
  const { namespace } = metadata
  const { name } = spec.apiKeySecretRef
  const field = apiKeyFieldOf(spec)
  const lookup = await secrets.read({ namespace, name })
  if (lookup.state === 'failed') return lookup
  if (lookup.state === 'missing') {
    const message = `spec.apiKeySecretRef: Secret ${namespace}/${name} does not exist: create it with the API key under ${field}`
    return { state: 'missing', reason: 'SecretNotFound', message }
  }
  const apiKey = Buffer.from(lookup.value.data?.[field] ?? '', 'base64')
    .toString('utf8')
    .trim()
  if (apiKey === '') {
    const message = `spec.apiKeySecretRef: Secret ${namespace}/${name} has no key ${field}, or it is empty: put the API key there`
    return { state: 'missing', reason: 'SecretKeyMissing', message }
  }
  if (apiKey.length > longestApiKey) {
    const message = `spec.apiKeySecretRef: Secret ${namespace}/${name} has more than ${longestApiKey} characters under ${field}, which is no API key: put the API key there`
    return { state: 'missing', reason: 'SecretKeyMissing', message }
  }
  return { state: 'found', value: { apiKey, fingerprint: apiKeyFingerprint(apiKey, installationId) } }
}

/**
 * Without events nothing is to be done at Google, unless something was begun or left there that the spec does not want
 * any more.
 */
function judgeAbsence({ spec, status }: GeminiWebhook): ApiKeyResult {
  if (spec.events !== undefined) return missedFor('spec.events need its API key')
  if (status?.operation !== undefined)
    return missedFor('what was begun at Google cannot be finished without it: put it back until that is done')
  const id = status?.webhook?.id
  if (id === undefined || deletionPolicyOf(spec) === 'Retain') return { state: 'notNeeded' }
  return missedFor(
    `webhook ${id} cannot be removed at Google without it: put it back until that is done, or set spec.deletionPolicy to Retain`,
  )
}

function missedFor(why: string): ApiKeyResult {
  return { state: 'missing', reason: 'SecretNotFound', message: `spec.apiKeySecretRef is absent, and ${why}` }
}
