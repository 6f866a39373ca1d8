import { isDeepStrictEqual } from 'node:util'

import type { ValueSchema } from '../../../tools/value-schema.ts'

/** Whether a value is what the schema takes, by the words of JSON Schema that the chart's values use. */
export function matchesSchema(schema: ValueSchema, value: unknown): boolean {
  const { enum: words, anyOf, oneOf, not } = schema
  return (
    (schema.type === undefined || [schema.type].flat().some((type) => hasType(type, value))) &&
    (words === undefined || words.some((word) => word === value)) &&
    (anyOf === undefined || anyOf.some((branch) => matchesSchema(branch, value))) &&
    (oneOf === undefined || oneOf.filter((branch) => matchesSchema(branch, value)).length === 1) &&
    (not === undefined || !matchesSchema(not, value)) &&
    matchesParts(schema, value)
  )
}

function matchesParts(schema: ValueSchema, value: unknown): boolean {
  if (typeof value === 'string') return matchesText(schema, value)
  if (typeof value === 'number') return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity)
  if (Array.isArray(value)) return matchesList(schema, value)
  return typeof value === 'object' && value !== null ? matchesObject(schema, value) : true
}

function hasType(type: string, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return typeof value === type
  }
}

const compiled = new Map<string, RegExp>()

function regExpOf(pattern: string): RegExp {
  const found = compiled.get(pattern) ?? new RegExp(pattern)
  compiled.set(pattern, found)
  return found
}

function matchesText({ pattern, minLength = 0, maxLength = Infinity }: ValueSchema, value: string): boolean {
  return (
    value.length >= minLength && value.length <= maxLength && (pattern === undefined || regExpOf(pattern).test(value))
  )
}

function matchesList(schema: ValueSchema, values: readonly unknown[]): boolean {
  const { items, uniqueItems = false, minItems = 0, maxItems = Infinity } = schema
  return (
    values.length >= minItems &&
    values.length <= maxItems &&
    (items === undefined || values.every((value) => matchesSchema(items, value))) &&
    (!uniqueItems || values.every((value, at) => !values.slice(0, at).some((other) => isDeepStrictEqual(value, other))))
  )
}

function matchesObject(schema: ValueSchema, value: object): boolean {
  const { properties = {}, required = [], propertyNames, additionalProperties = true } = schema
  return (
    required.every((key) => key in value) &&
    Object.entries(value).every(([key, inner]: [string, unknown]) => {
      if (propertyNames !== undefined && !matchesSchema(propertyNames, key)) return false
      const own = properties[key] ?? additionalProperties
      return typeof own === 'boolean' ? own : matchesSchema(own, inner)
    })
  )
}
