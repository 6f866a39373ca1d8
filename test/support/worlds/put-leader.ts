import { leaderLeaseName } from '../../../src/api/names.ts'
import type { KubernetesClient } from '../../../src/kubernetes/client.ts'
import { leaseKind, type Lease } from '../../../src/kubernetes/lease-record.ts'

/** The Lease of a controller that runs for an hour after `sinceMs`, as commands see it. */
export async function putLeader(client: KubernetesClient, namespace: string, sinceMs: number): Promise<void> {
  await client.create<Lease>(leaseKind, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: leaderLeaseName, namespace },
    spec: {
      holderIdentity: 'gwh-controller-0',
      leaseDurationSeconds: 3600,
      renewTime: new Date(sinceMs).toISOString().replace('Z', '000Z'),
    },
  })
}
