import type { ListOptions, ObjectKey, ResourceKind, WatchOptions } from './client.ts'

export type QueryValue = string | number | boolean | undefined

/**
 * The REST path of a collection, or of one object in it, e.g. `/apis/apps/v1/namespaces/ml/deployments/worker/status`.
 */
export function resourcePath(
  kind: ResourceKind,
  target: { namespace?: string | undefined; name?: string; subresource?: string | undefined },
): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  const scope =
    kind.namespaced && target.namespace !== undefined && target.namespace !== ''
      ? `/namespaces/${encodeURIComponent(target.namespace)}`
      : ''
  const object = target.name === undefined ? '' : `/${encodeURIComponent(target.name)}`
  const subresource = target.subresource === undefined ? '' : `/${target.subresource}`
  return `${root}${scope}/${kind.plural}${object}${subresource}`
}

export function withQuery(path: string, query: Readonly<Record<string, QueryValue>>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

export function listPath(kind: ResourceKind, options: ListOptions): string {
  return withQuery(resourcePath(kind, { namespace: options.namespace }), {
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continueToken,
    resourceVersion: options.resourceVersion,
  })
}

export function watchPath(kind: ResourceKind, options: WatchOptions): string {
  return withQuery(resourcePath(kind, { namespace: options.namespace }), {
    watch: true,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    allowWatchBookmarks: options.allowBookmarks,
    timeoutSeconds: options.serverTimeoutSeconds,
  })
}

/** Without a plain-JSON fallback on purpose: a request for metadata only must never get the rest. */
export function acceptFor(shape: 'PartialObjectMetadata' | 'PartialObjectMetadataList' | undefined): string {
  return shape === undefined ? 'application/json' : `application/json;as=${shape};g=meta.k8s.io;v=v1`
}

export const mergePatch = 'application/merge-patch+json'

/** What a message calls the target: `secrets ml/signing`, `geminiwebhooks.example.io in ml`, `namespaces`. */
export function describeTarget(kind: ResourceKind, target: Partial<ObjectKey>): string {
  const plural = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`
  const namespace = target.namespace ?? ''
  if (target.name !== undefined) return `${plural} ${namespace === '' ? '' : `${namespace}/`}${target.name}`
  return namespace === '' ? plural : `${plural} in ${namespace}`
}
