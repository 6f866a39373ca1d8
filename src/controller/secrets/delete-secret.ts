import { ownerUidAnnotation } from '../../api/names.ts'
import { isNotFound, type KubernetesClient, type ObjectKey } from '../../kubernetes/client.ts'
import { secretKind, type Secret } from '../../kubernetes/core-kinds.ts'
import { readTargetSecret } from './target-secret.ts'

interface Deps {
  client: Pick<KubernetesClient, 'get' | 'delete'>
  secrets: { forget(key: ObjectKey): void }
}

/**
 * Deletes a Secret of this owner. One that does not exist, or belongs to nobody or another, is left as it is; with
 * `uidOnly` also one of an object of the same name, which may be the next.
 */
export async function deleteSecretOf(
  owner: { namespace: string; name: string; uid: string },
  name: string,
  { client, secrets }: Deps,
  { uidOnly = false } = {},
): Promise<void> {
  const key = { namespace: owner.namespace, name }
  const secret = await client.get<Secret>(secretKind, key)
  if (secret === undefined) return
  const { ownership, uid, resourceVersion } = readTargetSecret(secret, owner)
  if (ownership !== 'ours') return
  if (uidOnly && secret.metadata.annotations?.[ownerUidAnnotation] !== owner.uid) return
  try {
    await client.delete(secretKind, key, { preconditions: { uid, resourceVersion } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  secrets.forget(key)
}
