import { isDeepStrictEqual } from 'node:util'
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
  wholeObject,
  wrongType,
  type FieldError,
} from '../field-error.ts'
import { isObject, sortedJson, type JsonObject } from '../json.ts'
import type { Schema } from '../schema.ts'
import { correlateItems, keyOfMapItem } from './correlate.ts'
import { hasFormat } from './formats.ts'

interface Place {
  /** The path in the object, for the `field` of an error. */
  field: string
  /** The path that the text names: on the status subresource it starts below `status`. */
  shown: string
}

/**
 * Checks a value against a structural schema, in the words of a real server. With `old`, what is unchanged is accepted
 * even if the schema has become stricter since ("ratcheting"), so that an old object can still lose its finalizer.
 */
export function checkSchema(schema: Schema, value: unknown, place: Place, old?: unknown): FieldError[] {
  if (old !== undefined && isDeepStrictEqual(value, old)) return []
  const typeErrors = checkType(schema, value, place)
  if (typeErrors.length > 0) return typeErrors
  return [
    ...checkEnum(schema, value, place),
    ...checkCombinations(schema, value, place),
    ...(typeof value === 'string' ? checkString(schema, value, place) : []),
    ...(typeof value === 'number' ? checkNumber(schema, value, place) : []),
    ...(Array.isArray(value) ? checkList(schema, value, place, old) : []),
    ...(isObject(value) ? checkMembers(schema, value, place, old) : []),
  ]
}

export function jsonTypeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function checkType(schema: Schema, value: unknown, { field, shown }: Place): FieldError[] {
  const actual = jsonTypeOf(value)
  if (value === null && schema.nullable === true) return []
  const mustBe = (wanted: string) => wrongType(field, `${shown} in body must be of type ${wanted}: "${actual}"`, actual)
  if (schema['x-kubernetes-int-or-string'] === true) {
    return actual === 'integer' || actual === 'string' ? [] : [mustBe('integer,string')]
  }
  const wanted = schema.type
  if (wanted === undefined || wanted === actual || (wanted === 'number' && actual === 'integer')) return []
  if (wanted === 'integer' && actual === 'number') {
    const format = schema.format ?? 'default'
    const detail = `Checked value must be of type integer (${format} format) in ${shown}`
    return [mustBe('integer'), invalidValue(wholeObject, detail, '')]
  }
  return [mustBe(wanted)]
}

function checkEnum(schema: Schema, value: unknown, { field }: Place): FieldError[] {
  const allowed = schema.enum
  if (allowed === undefined || value === null || allowed.some((one) => isDeepStrictEqual(one, value))) return []
  return [
    notSupported(
      field,
      value,
      allowed.map((one) => (typeof one === 'string' ? one : sortedJson(one))),
    ),
  ]
}

function checkCombinations(schema: Schema, value: unknown, place: Place): FieldError[] {
  const { field, shown } = place
  const holds = (part: Schema) => checkSchema(part, value, place).length === 0
  const errors = (schema.allOf ?? []).flatMap((part) => checkSchema(part, value, place))
  if (schema.anyOf !== undefined && !schema.anyOf.some(holds)) {
    errors.push(invalidValue(field, `"${shown}" must validate at least one schema (anyOf)`, ''))
  }
  if (schema.oneOf !== undefined && schema['x-kubernetes-int-or-string'] !== true) {
    const count = schema.oneOf.filter(holds).length
    const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`
    if (count !== 1) {
      errors.push(invalidValue(field, `"${shown}" must validate one and only one schema (oneOf). ${found}`, ''))
    }
  }
  if (schema.not !== undefined && holds(schema.not)) {
    errors.push(invalidValue(field, `"${shown}" must not validate the schema (not)`, ''))
  }
  return errors
}

function checkString(schema: Schema, value: string, { field, shown }: Place): FieldError[] {
  const errors: FieldError[] = []
  // Counted in code points, as Go counts runes.
  const { length } = Array.from(value)
  if (schema.maxLength !== undefined && length > schema.maxLength) errors.push(tooLong(field, schema.maxLength))
  if (schema.minLength !== undefined && length < schema.minLength) {
    errors.push(invalidValue(field, `${shown} in body should be at least ${schema.minLength} chars long`, value))
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    errors.push(invalidValue(field, `${shown} in body should match '${schema.pattern}'`, value))
  }
  if (schema.format !== undefined && !hasFormat(schema.format, value)) {
    errors.push(wrongType(field, `${shown} in body must be of type ${schema.format}: ${JSON.stringify(value)}`, value))
  }
  return errors
}

function checkNumber(schema: Schema, value: number, { field, shown }: Place): FieldError[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  const errors: FieldError[] = []
  if (minimum !== undefined && (exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    const bound = exclusiveMinimum === true ? 'greater than' : 'greater than or equal to'
    errors.push(invalidValue(field, `${shown} in body should be ${bound} ${minimum}`, value))
  }
  if (maximum !== undefined && (exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    const bound = exclusiveMaximum === true ? 'less than' : 'less than or equal to'
    errors.push(invalidValue(field, `${shown} in body should be ${bound} ${maximum}`, value))
  }
  if (multipleOf !== undefined && value % multipleOf !== 0) {
    errors.push(invalidValue(field, `${shown} in body should be a multiple of ${multipleOf}`, value))
  }
  return errors
}

function checkList(schema: Schema, value: unknown[], place: Place, old: unknown): FieldError[] {
  const { field, shown } = place
  const errors: FieldError[] = []
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    errors.push(invalidValue(field, `${shown} in body should have at least ${schema.minItems} items`, value.length))
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    errors.push(tooMany(field, value.length, schema.maxItems))
  }
  const { items } = schema
  if (items === undefined) return errors
  const before = correlateItems(schema, old)
  const inside = value.flatMap((item, index) =>
    checkSchema(items, item, { field: `${field}[${index}]`, shown: `${shown}[${index}]` }, before(item)),
  )
  return [...errors, ...inside]
}

function checkMembers(schema: Schema, value: JsonObject, { field, shown }: Place, old: unknown): FieldError[] {
  const inside = (name: string): Place => ({ field: join(field, name), shown: join(shown, name) })
  const errors: FieldError[] = []
  const count = Object.keys(value).length
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    errors.push(tooMany(field, count, schema.maxProperties))
  }
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    errors.push(invalidValue(field, `${shown} in body should have at least ${schema.minProperties} properties`, count))
  }
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) errors.push(required(join(field, name)))
  }
  const { properties = {}, additionalProperties } = schema
  for (const [name, part] of Object.entries(value)) {
    const known = properties[name] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    const before = isObject(old) ? old[name] : undefined
    if (known !== undefined) errors.push(...checkSchema(known, part, inside(name), before))
  }
  return errors
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/**
 * Uniqueness in `list-type=set` and `list-type=map` lists, anywhere below; a list that did not change is not judged
 * again.
 */
export function checkListTypes(schema: Schema, value: unknown, field: string, old?: unknown): FieldError[] {
  if (old !== undefined && isDeepStrictEqual(value, old)) return []
  if (Array.isArray(value)) {
    const { items } = schema
    const before = correlateItems(schema, old)
    const inside =
      items === undefined
        ? []
        : value.flatMap((item, index) => checkListTypes(items, item, `${field}[${index}]`, before(item)))
    return [...checkUnique(schema, value, field), ...inside]
  }
  if (!isObject(value)) return []
  const { properties = {}, additionalProperties } = schema
  return Object.entries(value).flatMap(([name, part]) => {
    const known = properties[name] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    return known === undefined
      ? []
      : checkListTypes(known, part, join(field, name), isObject(old) ? old[name] : undefined)
  })
}

function checkUnique(schema: Schema, value: unknown[], field: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type']
  if (listType !== 'set' && listType !== 'map') return []
  const seen = new Set<string>()
  return value.flatMap((item, index) => {
    const place = `${field}[${index}]`
    if (listType === 'map' && !isObject(item)) {
      return [invalidValue(place, 'must be an object for an array of list-type map', item)]
    }
    const key = listType === 'map' ? keyOfMapItem(schema, item) : sortedJson(item)
    if (!seen.has(key)) {
      seen.add(key)
      return []
    }
    return [duplicate(place, JSON.parse(key) as unknown)]
  })
}
