import { secretKind, type Secret } from '../kubernetes/core-kinds.ts'
import type { KubernetesClient, ObjectKey } from '../kubernetes/client.ts'

/**
 * The API key under a key of a Secret, read as the user. Throws with what to do, naming the Secret and the key, never
 * what is in it; `where` it was named.
 */
export async function readApiKey(
  client: KubernetesClient,
  { key, field, where }: { key: ObjectKey; field: string; where: string },
): Promise<string> {
  const secretName = `${where}: Secret ${key.namespace}/${key.name}`
  const secret = await client.get<Secret>(secretKind, key)
  if (secret === undefined) throw new Error(`${secretName} does not exist: create it with the API key under ${field}`)
  const apiKey = Buffer.from(secret.data?.[field] ?? '', 'base64')
    .toString('utf8')
    .trim()
  if (apiKey !== '') return apiKey
  throw new Error(
    `${secretName} has no key ${field}, or it is empty: put the API key there, or name another key with --api-key-field`,
  )
}
