import { stringify as toYaml } from 'yaml'
import type { ApiObject } from './api-object.ts'
import { without, type JsonObject } from './json.ts'
import type { ObjectList } from './read.ts'
import { apiVersionOf, type ResourceDefinition } from './resource-definition.ts'
import { notAcceptable } from './status-error.ts'
import { toPartialMetadata, toTable, type IncludeObject } from './table.ts'

/** How the client wants objects: as they are, as table rows, or their metadata only. */
export interface Representation {
  shape: 'Object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'
  includeObject: IncludeObject
  format: 'json' | 'yaml'
}

const acceptedTypes = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'

/**
 * Chooses the first acceptable entry of an Accept header. Protobuf is never answered: clients that ask for it name JSON
 * too.
 * @throws StatusError 406 when nothing fits
 */
export function negotiate(accept: string | undefined, includeObject: string | null): Representation {
  const include: IncludeObject = includeObject === 'None' || includeObject === 'Object' ? includeObject : 'Metadata'
  const entries = (accept ?? '').split(',').filter((entry) => entry.trim() !== '')
  if (entries.length === 0) return { shape: 'Object', includeObject: include, format: 'json' }
  for (const entry of entries) {
    const shape = shapeOf(entry)
    if (shape !== undefined) return { ...shape, includeObject: include }
  }
  throw notAcceptable(`only the following media types are accepted: ${acceptedTypes}`)
}

function shapeOf(entry: string): Pick<Representation, 'shape' | 'format'> | undefined {
  const [type = '', ...parameters] = entry.split(';').map((part) => part.trim())
  const values = new Map(parameters.map((parameter) => parameter.split('=', 2) as [string, string]))
  const shape = values.get('as') ?? 'Object'
  if (shape !== 'Object' && (values.get('g') !== 'meta.k8s.io' || values.get('v') !== 'v1')) return undefined
  if (type === 'application/yaml' && shape === 'Object') return { shape, format: 'yaml' }
  if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') return undefined
  const isKnown =
    shape === 'Object' ||
    shape === 'Table' ||
    shape === 'PartialObjectMetadata' ||
    shape === 'PartialObjectMetadataList'
  return isKnown ? { shape, format: 'json' } : undefined
}

/** One object in the shape asked for. @throws StatusError 406 for a list shape */
export function renderObject(
  resource: ResourceDefinition,
  object: ApiObject,
  { shape, includeObject }: Representation,
  now: number,
): JsonObject {
  switch (shape) {
    case 'Object':
      return object
    case 'PartialObjectMetadata':
      return toPartialMetadata(object)
    case 'Table': {
      const { resourceVersion = '' } = object.metadata
      return toTable(resource, [object], { resourceVersion }, { includeObject, now })
    }
    case 'PartialObjectMetadataList':
      throw notAcceptable('you requested PartialObjectMetadataList, but the requested object is not a list')
  }
}

/** A list in the shape asked for. @throws StatusError 406 for a shape of single objects */
export function renderList(
  resource: ResourceDefinition,
  list: ObjectList,
  { shape, includeObject }: Representation,
  now: number,
): JsonObject {
  const metadata = {
    resourceVersion: list.resourceVersion,
    ...((list.continueToken !== '' || resource.custom) && { continue: list.continueToken }),
    ...(list.remaining !== undefined && { remainingItemCount: list.remaining }),
  }
  switch (shape) {
    case 'Object': {
      // Built-in kinds leave the type of the items to the type of the list, as Go's typed lists do.
      const items = resource.custom ? list.items : list.items.map((item) => without(item, 'apiVersion', 'kind'))
      return { kind: resource.listKind, apiVersion: apiVersionOf(resource), metadata, items }
    }
    case 'PartialObjectMetadataList': {
      const items = list.items.map(toPartialMetadata)
      return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items }
    }
    case 'Table':
      return toTable(resource, list.items, metadata, { includeObject, now })
    case 'PartialObjectMetadata':
      throw notAcceptable('you requested PartialObjectMetadata, but the requested object is a list')
  }
}

export interface Encoded {
  contentType: string
  bytes: Buffer
}

/** Bytes, not text: to text the HTTP server would add a charset that a real server does not send. */
export function encode(body: JsonObject, format: Representation['format'] = 'json'): Encoded {
  if (format === 'yaml')
    return { contentType: 'application/yaml', bytes: Buffer.from(toYaml(body, { version: '1.1' })) }
  return { contentType: 'application/json', bytes: Buffer.from(`${JSON.stringify(body)}\n`) }
}
