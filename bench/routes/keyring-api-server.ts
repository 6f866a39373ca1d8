import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { allCrds } from '../../src/api/crd.ts'
import { systemClock } from '../../src/clock.ts'
import type { KeyringEntry } from '../../src/contract/keyring/entry.ts'
import { namespaceKind } from '../../src/kubernetes/core-kinds.ts'
import { openKubernetesClient } from '../../src/kubernetes/open-client.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { startKubernetesApi } from '../../playground/kubernetes-api/server.ts'
import { createKeyringSecrets } from '../../test/support/builders/keyring-secrets.ts'

/**
 * An API server that has the keyring, and its kubeconfig: a receiver hands events on to routes once it knows all of
 * them, and that only an API server tells. In the process of the generator; goes with `parts`.
 */
export async function serveKeyring(
  { folder, namespace, entries }: { folder: string; namespace: string; entries: readonly KeyringEntry[] },
  parts: AsyncDisposableStack,
): Promise<string> {
  const shared = { clock: systemClock, random: Math.random, logger: silentLogger }
  const token = randomBytes(16).toString('hex')
  const api = await startKubernetesApi({ ...shared, token, crds: allCrds() })
  parts.defer(() => api.stop())
  const kubeconfig = api.kubeconfigYaml()
  const kubeconfigPath = join(folder, 'kubeconfig-of-the-benchmark')
  await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 })
  const own = { ...shared, kubeconfigPath, userAgent: 'bench/1', metrics: createMetrics() }
  const client = await openKubernetesClient(own)
  try {
    await client.create(namespaceKind, { metadata: { name: namespace } })
    await createKeyringSecrets(client, namespace, entries)
  } finally {
    await client.close()
  }
  return kubeconfig
}
