import { randomBytes } from 'node:crypto'

import type { KubernetesClient, ObjectKey } from '../../kubernetes/client.ts'
import { secretKind, type Secret } from '../../kubernetes/core-kinds.ts'
import {
  buildDynamicSecret,
  readDynamicSecret,
  type DynamicSecret,
  type DynamicSecretOwner,
  type WantedDynamicContent,
} from './dynamic-secret.ts'
import { withoutSecrets } from './without-secrets.ts'

/**
 * Twice the 128 bits that would suffice. From the operating system's source: a guessed token would allow sending events
 * as Google.
 */
const tokenBytes = 32

/** How the Secret of a dynamic endpoint is to be written; without `existing` it is new, without `token` one is made. */
export interface DynamicSecretStep extends WantedDynamicContent {
  name: string
  existing?: Pick<DynamicSecret, 'resourceVersion' | 'labels' | 'annotations'>
}

interface Deps {
  client: Pick<KubernetesClient, 'create' | 'replace'>
  secrets: { forget(key: ObjectKey): void }
  /** The address that a token opens. */
  uriOf: (token: string) => string
}

/**
 * Writes the Secret that jobs mount, and makes the token where a new one is asked for. A POST never overwrites a
 * stranger's, a PUT is under optimistic lock. Throws what the API server answers, without token and address.
 */
export async function writeDynamicSecret(
  owner: DynamicSecretOwner,
  { name, existing, previous, handledRequestIDs, token: given }: DynamicSecretStep,
  { client, secrets, uriOf }: Deps,
): Promise<DynamicSecret> {
  const token = given ?? randomBytes(tokenBytes).toString('base64url')
  const content = { token, uri: uriOf(token), previous, handledRequestIDs }
  const wanted = buildDynamicSecret(owner, name, content, existing)
  const write =
    existing === undefined ? client.create<Secret>(secretKind, wanted) : client.replace<Secret>(secretKind, wanted)
  const written = await write.catch((error: unknown) => {
    throw withoutSecrets(error, [token, content.uri])
  })
  secrets.forget({ namespace: owner.namespace, name })
  return readDynamicSecret(written, owner)
}
