import type { ApiObject } from './api-object.ts'
import type { JsonObject } from './json.ts'
import type { PrinterColumn, ResourceDefinition } from './resource-definition.ts'

export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** Objects as rows of a `meta.k8s.io/v1` Table: what `kubectl get` asks for and prints. */
export function toTable(
  resource: ResourceDefinition,
  objects: readonly ApiObject[],
  metadata: JsonObject,
  { includeObject, now }: { includeObject: IncludeObject; now: number },
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: resource.columns.map(columnDefinition),
    rows: objects.map((object) => ({
      cells: resource.columns.map((column) => column.cell(object, now)),
      object: rowObject(object, includeObject),
    })),
  }
}

function columnDefinition({ name, type, format = '', description, priority }: PrinterColumn): JsonObject {
  return { name, type, format, description, priority }
}

function rowObject(object: ApiObject, includeObject: IncludeObject): JsonObject | null {
  switch (includeObject) {
    case 'None':
      return null
    case 'Object':
      return object
    case 'Metadata':
      return toPartialMetadata(object)
  }
}

export function toPartialMetadata(object: ApiObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}
