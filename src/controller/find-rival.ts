import type { RemoteWebhook } from '../gemini/webhook-service.ts'
import type { EndpointView } from './observed.ts'
import { markerIn } from './ownership.ts'
import type { RemoteListing } from './project-view.ts'

/** The URL of an endpoint of ours names this object, so another marker on it is the same object of another installation. */
export function findRival(
  listing: Pick<RemoteListing, 'byUri'>,
  endpoint: EndpointView,
  ownMarker: string,
): RemoteWebhook | undefined {
  if (endpoint.state !== 'ours') return undefined
  return listing.byUri(endpoint.url).find(({ name }) => {
    const marker = markerIn(name)
    return marker !== undefined && marker !== ownMarker
  })
}
