import type { ApiObject } from '../api-object.ts'
import { ageOf } from '../human-duration.ts'
import { isObject } from '../json.ts'

import { apiVersionOf, type PrinterColumn, type ResourceDefinition } from '../resource-definition.ts'
import type { Schema } from '../schema.ts'
import { subdomainProblems } from '../validation/names.ts'
import { jsonTypeOf } from '../validation/schema-check.ts'
import { hasFormat, isBase64 } from '../validation/formats.ts'

type Required = 'group' | 'version' | 'kind' | 'plural' | 'namespaced' | 'columns' | 'schema'

/** A built-in kind from what is special about it; the rest is what most built-in kinds do. */
export function builtInKind(
  kind: Pick<ResourceDefinition, Required> & Partial<Omit<ResourceDefinition, Required>>,
): ResourceDefinition {
  return {
    listKind: `${kind.kind}List`,
    singular: kind.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    hasStatus: false,
    hasGeneration: false,
    custom: false,
    storageKey: kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`,
    returnsDeletedObject: false,
    selectableFields: {},
    fromStored: (object) => object,
    toStored: (object) => object,
    nameProblems: subdomainProblems,
    prepare: (object) => object,
    validate: () => [],
    decodeProblem: (object) => goDecodeProblem(kind.schema, object, kind.kind, ''),
    ...kind,
  }
}

/** What Go's JSON decoder says about a value that does not fit the type of a built-in kind; undefined when it fits. */
export function goDecodeProblem(schema: Schema, value: unknown, struct: string, path: string): string | undefined {
  if (value === null || value === undefined) return undefined
  const actual = jsonTypeOf(value)
  const goType = goTypeOf(schema)
  if (goType !== undefined && !fitsGoType(schema, actual)) {
    const shown = actual === 'integer' ? 'number' : actual === 'boolean' ? 'bool' : actual
    return `json: cannot unmarshal ${shown} into Go struct field ${struct}.${path} of type ${goType}`
  }
  if (schema.format === 'byte' && typeof value === 'string' && !isBase64(value)) {
    return `illegal base64 data at input byte ${value.search(/[^A-Za-z0-9+/=]/) === -1 ? Math.max(0, value.length - (value.length % 4)) : value.search(/[^A-Za-z0-9+/=]/)}`
  }
  if (schema.format === 'micro-time' && typeof value === 'string' && !hasFormat('micro-time', value)) {
    return `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse it`
  }
  return childProblem(schema, value, struct, path)
}

function childProblem(schema: Schema, value: unknown, struct: string, path: string): string | undefined {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return undefined
    return firstProblem(value, (item) => goDecodeProblem(items, item, struct, path))
  }
  if (!isObject(value)) return undefined
  return firstProblem(Object.entries(value), ([name, part]) => {
    const { properties, additionalProperties } = schema
    const known = properties?.[name]
    if (known !== undefined) return goDecodeProblem(known, part, struct, path === '' ? name : `${path}.${name}`)
    return typeof additionalProperties === 'object'
      ? goDecodeProblem(additionalProperties, part, struct, path)
      : undefined
  })
}

function firstProblem<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item)
    if (problem !== undefined) return problem
  }
  return undefined
}

function goTypeOf(schema: Schema): string | undefined {
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'integer':
      return schema.format === 'int64' ? 'int64' : 'int32'
    case 'number':
      return 'float64'
    case 'array':
      return '[]interface {}'
    case 'object':
      return typeof schema.additionalProperties === 'object' ? 'map[string]string' : 'object'
    case undefined:
      return undefined
  }
}

function fitsGoType(schema: Schema, actual: string): boolean {
  return actual === schema.type || (schema.type === 'number' && actual === 'integer')
}

export const nameColumn: PrinterColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  priority: 0,
  cell: (object) => object.metadata.name,
}

export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  priority: 0,
  cell: (object, now) => ageOf(object.metadata.creationTimestamp, now),
}

export function column(
  name: string,
  description: string,
  cell: (object: ApiObject, now: number) => unknown,
  priority = 0,
): PrinterColumn {
  return { name, type: 'string', description, priority, cell }
}

/** The schema of a built-in object: its own members beside apiVersion, kind and metadata. */
export function objectSchema(description: string, properties: Record<string, Schema>): Schema {
  return {
    type: 'object',
    description,
    properties: {
      apiVersion: { type: 'string', description: 'The version of the API that this object is written for.' },
      kind: { type: 'string', description: 'The kind of the object.' },
      metadata: { type: 'object', description: "Standard object's metadata." },
      ...properties,
    },
  }
}

/**
 * The stored object with its apiVersion set to the version served: all that version conversion does when the schemas
 * agree.
 */
export function atVersion(resource: { group: string; version: string }, object: ApiObject): ApiObject {
  const apiVersion = apiVersionOf(resource)
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}
