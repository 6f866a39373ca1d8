import { isObject, without, type JsonObject } from '../json.ts'
import { objectMetaSchema, type Schema } from '../schema.ts'

export interface Pruned {
  object: JsonObject
  /** Paths of the fields that the schema does not know, sorted. */
  unknown: string[]
}

/**
 * Drops what the schema does not know. `metadata` follows ObjectMeta whatever the schema says of it; apiVersion and
 * kind always stay.
 */
export function pruneObject(schema: Schema, object: JsonObject): Pruned {
  const unknown: string[] = []
  const root: Schema = {
    ...schema,
    properties: {
      ...schema.properties,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: objectMetaSchema,
    },
  }
  const pruned = pruneValue(root, object, '', unknown)
  return { object: isObject(pruned) ? pruned : {}, unknown: unknown.toSorted() }
}

function pruneValue(schema: Schema, value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return value
    return value.map((item, index) => pruneValue(items, item, `${path}[${index}]`, unknown))
  }
  if (!isObject(value)) return value
  if (schema['x-kubernetes-embedded-resource'] === true) return value
  const kept: JsonObject = {}
  for (const [name, part] of Object.entries(value)) {
    const partPath = path === '' ? name : `${path}.${name}`
    const known = knownSchema(schema, name)
    if (known === 'any') kept[name] = part
    else if (known === undefined) unknown.push(partPath)
    else kept[name] = pruneValue(known, part, partPath, unknown)
  }
  return kept
}

function knownSchema(schema: Schema, name: string): Schema | 'any' | undefined {
  const { properties, additionalProperties } = schema
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name]
  if (additionalProperties === true) return 'any'
  if (typeof additionalProperties === 'object') return additionalProperties
  return schema['x-kubernetes-preserve-unknown-fields'] === true ? 'any' : undefined
}

/**
 * Sets defaults and drops nulls where the schema does not allow null, in that order of a real server: nulls first, so
 * that a null field gets its default. Only custom resources use it: built-in kinds default in code.
 */
function applyDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? value : value.map((item) => applyDefaults(items, item))
  }
  if (!isObject(value)) return value
  const { properties = {}, additionalProperties } = schema
  const result: JsonObject = {}
  for (const [name, part] of Object.entries(value)) {
    const known = properties[name] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    if (part === null && known !== undefined && known.nullable !== true) continue
    result[name] = known === undefined ? part : applyDefaults(known, part)
  }
  for (const [name, known] of Object.entries(properties)) {
    if (known.default !== undefined && !Object.hasOwn(result, name)) result[name] = structuredClone(known.default)
  }
  return result
}

/** The object with defaults applied below the root; metadata stays as it is. */
export function withDefaults(schema: Schema, object: JsonObject): JsonObject {
  const { metadata } = object
  const defaulted = applyDefaults(schema, without(object, 'metadata'))
  return { ...(isObject(defaulted) ? defaulted : {}), ...(metadata !== undefined && { metadata }) }
}
