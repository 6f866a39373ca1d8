import type { KubernetesObject } from './client.ts'

/** What a cache needs of the metadata of any object: which one it is, and of which version. */
export function bareMetadata({
  name,
  namespace,
  uid,
  resourceVersion,
}: KubernetesObject['metadata']): KubernetesObject['metadata'] {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  }
}
