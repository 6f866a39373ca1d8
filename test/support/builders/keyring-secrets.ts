import { type KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import type { KubernetesClient } from '../../../src/kubernetes/client.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'

/** Creates the keyring Secrets of these entries, as the controller would; none of them may be there yet. */
export async function createKeyringSecrets(
  client: KubernetesClient,
  namespace: string,
  entries: readonly KeyringEntry[],
): Promise<void> {
  for (const [name, own] of Map.groupBy(entries, ({ uid }) => keyringSecretNameFor(uid))) {
    await client.create<Secret>(secretKind, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name },
      data: Object.fromEntries(own.map((entry) => [entry.uid, Buffer.from(JSON.stringify(entry)).toString('base64')])),
    })
  }
}
