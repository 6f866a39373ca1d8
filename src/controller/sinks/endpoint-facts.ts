import { endpointsOf, sliceController, sliceManagerLabel, type EndpointSlice } from '../../kubernetes/endpoint-slice.ts'

/** What counts of the slices that say where the traffic of a Service goes, however many and however large these are. */
export interface EndpointFacts {
  /** Names of ports, `''` for one without, at which kubelet or kube-proxy listen. */
  readonly nodePortNames: ReadonlySet<string>
  readonly leadsToApiServer: boolean
  /** The name of one that is not made of pods of the namespace. */
  readonly foreignSlice?: string
  /** So many were looked at, and there are more. */
  readonly exceeds?: number
}

export const noEndpoints: EndpointFacts = { nodePortNames: new Set(), leadsToApiServer: false }

/**
 * Ports at which nodes answer, and the API server never by way of pods: no Service leads there. The receiver has the
 * same list for addresses.
 */
const nodePorts: ReadonlySet<number> = new Set([10250, 10255, 10256])

/** `denied`: `ADDRESS PORT` of where the API servers listen. */
export function factsOfSlice(
  slice: EndpointSlice,
  { namespace, denied }: { namespace: string; denied: ReadonlySet<string> },
): EndpointFacts {
  const names = (slice.ports ?? []).flatMap(({ name, port }) => (nodePorts.has(port ?? 0) ? [name ?? ''] : []))
  return {
    nodePortNames: new Set(names),
    leadsToApiServer: denied.size > 0 && addressesIn([slice]).some((address) => denied.has(address)),
    ...(!isOfPods(slice, namespace) && { foreignSlice: slice.metadata.name }),
  }
}

/** Of several together. */
export function factsOfAll(each: readonly EndpointFacts[]): EndpointFacts {
  const foreignSlice = each.find((facts) => facts.foreignSlice !== undefined)?.foreignSlice
  return {
    nodePortNames: new Set(each.flatMap(({ nodePortNames }) => [...nodePortNames])),
    leadsToApiServer: each.some(({ leadsToApiServer }) => leadsToApiServer),
    ...(foreignSlice !== undefined && { foreignSlice }),
  }
}

/** `ADDRESS PORT` of each. */
export function addressesIn(slices: readonly EndpointSlice[]): string[] {
  return slices.flatMap(endpointsOf).map(({ address, port }) => `${address} ${port}`)
}

/**
 * Made by Kubernetes' own controller, of pods of this namespace. That controller corrects or removes a slice with its
 * label that others made within moments, because it treats it as its own.
 */
function isOfPods({ metadata, endpoints }: EndpointSlice, namespace: string): boolean {
  if (metadata.labels?.[sliceManagerLabel] !== sliceController) return false
  return (endpoints ?? []).every(
    ({ targetRef }) => targetRef?.kind === 'Pod' && (targetRef.namespace ?? namespace) === namespace,
  )
}
