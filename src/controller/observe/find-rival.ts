import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import type { EndpointView } from '../facts/observed.ts'
import { markerIn, ownerOfRemote, type RemoteIdentity } from '../facts/ownership.ts'
import type { RemoteListing } from './project-view.ts'

/**
 * The same object of another installation: it carries our marker with a token that is not ours, or a marker that no
 * object of this installation has, on our URL, which names this object.
 */
export function findRival(
  listing: Pick<RemoteListing, 'byUri' | 'byMarker'>,
  endpoint: EndpointView,
  identity: RemoteIdentity,
  isOfThisInstallation: (marker: string) => boolean,
): RemoteWebhook | undefined {
  const isAnother = (remote: RemoteWebhook) => ownerOfRemote(remote, identity) === 'another'
  const namesake = listing.byMarker(identity.marker).find(isAnother)
  if (namesake !== undefined || endpoint.state !== 'ours') return namesake
  // Another object of this installation may name our URL as a server of its own: what it sends does not verify, and
  // that is its own trouble.
  return listing.byUri(endpoint.url).find((neighbour) => {
    const marker = markerIn(neighbour.name)
    return isAnother(neighbour) && marker !== undefined && !isOfThisInstallation(marker)
  })
}
