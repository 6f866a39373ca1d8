import type { Clock } from '../clock.ts'
import type { KubernetesClient } from '../kubernetes/client.ts'
import { apiServerSlice, endpointSliceKind, endpointsOf, type EndpointSlice } from '../kubernetes/endpoint-slice.ts'
import { endpointKey } from '../sinks/address-guard.ts'

/**
 * Control planes move rarely. What was seen stays known, because an address that is no longer in use does no harm in
 * the list.
 */
const refreshMs = 5 * 60_000
/** Of addresses that are remembered; more would be no control plane. */
const maxEndpoints = 1_000

/**
 * Where the API servers themselves listen, behind the Service that other clients call, by `endpointKey`. Filled as soon
 * as it can be read, and kept up to date until `parts` end. Where it may not be read it stays empty: the Service's own
 * name and address are denied without it.
 */
export function followApiServerEndpoints(
  { client, clock }: { client: Pick<KubernetesClient, 'get'>; clock: Clock },
  parts: Pick<AsyncDisposableStack, 'defer'>,
): ReadonlySet<string> {
  const known = new Set<string>()
  const stopping = new AbortController()
  let cancel: (() => void) | undefined
  const refresh = async (): Promise<void> => {
    const { signal } = stopping
    const slice = await client.get<EndpointSlice>(endpointSliceKind, apiServerSlice, { signal }).catch(() => undefined)
    for (const { address, port } of slice === undefined ? [] : endpointsOf(slice)) {
      if (known.size < maxEndpoints) known.add(endpointKey(address, port))
    }
    if (!signal.aborted) cancel = clock.after(refreshMs, () => void refresh())
  }
  void refresh()
  parts.defer(() => {
    stopping.abort()
    cancel?.()
  })
  return known
}
