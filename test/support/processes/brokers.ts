import type { KubernetesClient, KubernetesObject, ResourceKind } from '../../../src/kubernetes/client.ts'
import { tenant } from '../worlds/controller-fixture.ts'

/**
 * A stand-in for Knative: Brokers that have the address that a test gives them. Its definition:
 * `test/fixtures/crds/knative-brokers.yaml`.
 */
export const brokerKind: ResourceKind = {
  group: 'eventing.knative.dev',
  version: 'v1',
  kind: 'Broker',
  plural: 'brokers',
  namespaced: true,
}

export const brokerRef = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'default' }
/** As the installation lists it. */
export const listedBroker = 'eventing.knative.dev/v1/Broker=brokers'

interface Broker extends KubernetesObject {
  status?: { address?: { url?: string; CACerts?: string } }
}

export async function createBroker(client: KubernetesClient): Promise<void> {
  const metadata = { namespace: tenant, name: brokerRef.name }
  await client.create<Broker>(brokerKind, { apiVersion: brokerRef.apiVersion, kind: 'Broker', metadata })
}

/** What Knative's controller does when the Broker is ready, or has moved. */
export async function addressBroker(client: KubernetesClient, url: string): Promise<void> {
  const broker = await client.get<Broker>(brokerKind, { namespace: tenant, name: brokerRef.name })
  if (broker === undefined) throw new Error('create the Broker first')
  await client.replaceStatus<Broker>(brokerKind, { ...broker, status: { address: { url } } })
}
