import type { KubernetesObject, ResourceKind } from './client.ts'

export const endpointSliceKind: ResourceKind = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
}

/** Every API server writes its own address here, in every cluster. */
export const apiServerSlice = { namespace: 'default', name: 'kubernetes' }

/** Names the Service whose traffic goes to the endpoints of a slice. */
export const sliceServiceLabel = 'kubernetes.io/service-name'
/** Who writes a slice. */
export const sliceManagerLabel = 'endpointslice.kubernetes.io/managed-by'
/** The part of Kubernetes that makes the slices of a Service with a selector, of its pods. */
export const sliceController = 'endpointslice-controller.k8s.io'

/** Where the traffic of a Service goes. Several make up one Service. */
export interface EndpointSlice extends KubernetesObject {
  endpoints?: { addresses?: string[]; targetRef?: { kind?: string; namespace?: string; name?: string } }[] | null
  ports?: { name?: string | null; port?: number | null }[] | null
}

/** Each address of a slice with each of its ports. */
export function endpointsOf({ endpoints, ports }: EndpointSlice): { address: string; port: number }[] {
  const numbers = (ports ?? []).flatMap(({ port }) => port ?? [])
  const addresses = (endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? [])
  return addresses.flatMap((address) => numbers.map((port) => ({ address, port })))
}
