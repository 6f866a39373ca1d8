import { isObject, objectAt, type JsonObject } from '../json.ts'
import type { Schema } from '../schema.ts'

/** Names that CEL reserves; as field names they are written `__in__` and so on. */
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/**
 * A JSON value as a rule sees it: integers are ints (BigInt), `date-time` strings are timestamps, field names that are
 * no identifiers are escaped, and fields outside the schema are invisible. At the root of an object only apiVersion,
 * kind and metadata.name and generateName of the unspecified fields can be seen.
 */
export function celValue(schema: Schema, value: unknown, isRoot: boolean): unknown {
  if (typeof value === 'number') return numberValue(schema, value)
  if (typeof value === 'string') return stringValue(schema, value)
  if (Array.isArray(value)) return value.map((item: unknown) => celValue(schema.items ?? {}, item, false))
  if (!isObject(value)) return value
  const members: JsonObject = {}
  for (const [name, part] of Object.entries(value)) {
    const known = schema.properties?.[name]
    if (known !== undefined) members[escapeName(name)] = celValue(known, part, false)
    else if (typeof schema.additionalProperties === 'object') {
      members[name] = celValue(schema.additionalProperties, part, false)
    }
  }
  return isRoot ? { ...members, ...rootMembers(value) } : members
}

function rootMembers(object: JsonObject): JsonObject {
  const { name, generateName } = objectAt(object, 'metadata')
  return {
    apiVersion: object['apiVersion'],
    kind: object['kind'],
    metadata: { ...(name !== undefined && { name }), ...(generateName !== undefined && { generateName }) },
  }
}

function numberValue(schema: Schema, value: number): number | bigint {
  return schema.type !== 'number' && Number.isInteger(value) ? BigInt(value) : value
}

function stringValue(schema: Schema, value: string): unknown {
  return schema.format === 'date-time' || schema.format === 'date' ? new Date(value) : value
}

/** A field name as it is written in a rule. */
export function escapeName(name: string): string {
  if (reserved.has(name)) return `__${name}__`
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}
