import * as z from 'zod'

import { isRecord } from '../is-record.ts'

/** A JSON schema as the API server takes it: structural, with its own `x-kubernetes-` keys. */
export interface StructuralSchema {
  type?: string
  description?: string
  properties?: Record<string, StructuralSchema>
  items?: StructuralSchema
  additionalProperties?: StructuralSchema
  required?: string[]
  minimum?: number
  maximum?: number
  [key: string]: unknown
}

/** zod gives every integer the bounds of a double's safe range; these bounds have no effect and lengthen the file. */
const safeIntegers = new Set([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])

/** The schema of a CRD from ours, without the rules between fields; pure. */
export function structuralSchemaOf(schema: z.ZodType): StructuralSchema {
  return structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }))
}

/** Throws where there is no such property: what is attached to it would be lost. */
export function propertyOf(schema: StructuralSchema, name: string): StructuralSchema {
  const property = schema.properties?.[name]
  if (property === undefined) throw new Error(`the schema has no property "${name}" to attach rules to`)
  return property
}

/** Throws where the schema is no list. */
export function itemsOf(schema: StructuralSchema): StructuralSchema {
  if (schema.items === undefined) throw new Error('the schema is not a list, so it has no items to attach rules to')
  return schema.items
}

/**
 * Takes away what a structural schema must not have: closed objects (the API server prunes instead) and bounds that
 * bound nothing.
 */
function structural(schema: unknown): StructuralSchema {
  if (!isRecord(schema)) throw new Error(`not a schema: ${JSON.stringify(schema)}`)
  const kept: StructuralSchema = {}
  for (const [key, value] of Object.entries(schema)) {
    if (isEmptyBound(key, value)) continue
    if (key === 'properties' && isRecord(value)) {
      kept.properties = Object.fromEntries(
        Object.entries(value).map(([name, property]) => [name, structural(property)]),
      )
    } else if (key === 'items' || key === 'additionalProperties') {
      kept[key] = structural(value)
    } else {
      kept[key] = value
    }
  }
  return kept
}

function isEmptyBound(key: string, value: unknown): boolean {
  if (key === 'additionalProperties') return value === false
  if (key === 'minItems') return value === 0
  return (key === 'minimum' || key === 'maximum') && typeof value === 'number' && safeIntegers.has(value)
}
