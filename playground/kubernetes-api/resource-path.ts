import type { Registry } from './registry.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { noSuchResource } from './status-error.ts'

export interface ResourcePath {
  resource: ResourceDefinition
  /** Absent: all namespaces, or a cluster-scoped resource. */
  namespace: string | undefined
  /** Absent: the collection. */
  name: string | undefined
  subresource: 'status' | undefined
}

/**
 * Reads `/api/v1/...` and `/apis/<group>/<version>/...`. Undefined means a path that no API owns, which a real server
 * answers in plain text.
 * @throws StatusError 404 for an unknown resource of a group that is built in
 */
export function parseResourcePath(registry: Registry, pathname: string): ResourcePath | undefined {
  const [root, ...rest] = pathname.split('/').slice(1).map(decodeURIComponent)
  const [group = '', version = ''] = root === 'api' ? ['', rest.shift()] : rest.splice(0, 2)
  const known = (): undefined => {
    if (registry.isBuiltIn(group) && registry.serves(group, version)) throw noSuchResource()
    return undefined
  }
  const isScoped = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize'
  const namespace = isScoped ? rest[1] : undefined
  const [plural = '', name, subresource, ...more] = isScoped ? rest.slice(2) : rest
  const resource = registry.find(group, version, plural)
  if (resource === undefined || more.length > 0) return known()
  if (isScoped && !resource.namespaced) return known()
  if (!isScoped && resource.namespaced && name !== undefined) return known()
  if (subresource !== undefined && (subresource !== 'status' || !resource.hasStatus)) return known()
  return { resource, namespace, name: name === '' ? undefined : name, subresource }
}
