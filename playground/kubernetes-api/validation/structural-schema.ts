import { forbiddenField, invalidValue, notSupported, required, type FieldError } from '../field-error.ts'
import { isObject, listAt, objectAt, stringAt, valueAt, type JsonObject } from '../json.ts'

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const listTypes = ['atomic', 'set', 'map']

/**
 * The rules of structural schemas that mistakes run into: a known type everywhere, `items` for lists, no
 * `additionalProperties` beside `properties`, keys for map lists, patterns that compile. Not the whole of a real
 * server's list (allOf and its siblings are not judged).
 */
export function checkStructure(schema: JsonObject, place: string, isRoot: boolean): FieldError[] {
  const errors = [...checkType(schema, place, isRoot), ...checkPattern(schema, place), ...checkListType(schema, place)]
  const properties = objectAt(schema, 'properties')
  const additional = schema['additionalProperties']
  if (Object.keys(properties).length > 0 && additional !== undefined) {
    const detail = 'additionalProperties and properties are mutual exclusive'
    errors.push(forbiddenField(`${place}.additionalProperties`, detail))
  }
  for (const [name, part] of Object.entries(properties)) {
    if (isObject(part)) errors.push(...checkStructure(part, `${place}.properties[${name}]`, false))
  }
  if (isObject(additional)) errors.push(...checkStructure(additional, `${place}.additionalProperties`, false))
  const { items } = schema
  if (isObject(items)) errors.push(...checkStructure(items, `${place}.items`, false))
  else if (schema['type'] === 'array') errors.push(required(`${place}.items`, 'must be specified'))
  return errors
}

function checkType(schema: JsonObject, place: string, isRoot: boolean): FieldError[] {
  const type = stringAt(schema, 'type')
  const isTypeless =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  if (type === '' && isRoot) return [required(`${place}.type`, 'must not be empty at the root')]
  if (type === '') {
    return isTypeless ? [] : [required(`${place}.type`, 'must not be empty for specified object fields')]
  }
  if (!types.includes(type)) return [notSupported(`${place}.type`, type, types)]
  return isRoot && type !== 'object' ? [invalidValue(`${place}.type`, 'must be object at the root', type)] : []
}

function checkPattern(schema: JsonObject, place: string): FieldError[] {
  const pattern = stringAt(schema, 'pattern')
  const problem = patternProblem(pattern)
  if (problem === undefined) return []
  return [invalidValue(`${place}.pattern`, `must be a valid regular expression, but isn't: ${problem}`, pattern)]
}

function patternProblem(pattern: string): string | undefined {
  try {
    RegExp(pattern, 'u')
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'it does not compile'
  }
}

function checkListType(schema: JsonObject, place: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type']
  if (listType === undefined) return []
  if (typeof listType !== 'string' || !listTypes.includes(listType)) {
    return [notSupported(`${place}.x-kubernetes-list-type`, listType, listTypes)]
  }
  if (listType !== 'map') return []
  const keys = listAt(schema, 'x-kubernetes-list-map-keys').filter((key) => typeof key === 'string')
  if (keys.length === 0) {
    const detail = 'must not be empty if x-kubernetes-list-type is map'
    return [required(`${place}.x-kubernetes-list-map-keys`, detail)]
  }
  return keys.flatMap((key) => checkMapKey(schema, place, key))
}

/** A key may never be absent: else two items without it would be the same item. */
function checkMapKey(schema: JsonObject, place: string, key: string): FieldError[] {
  const isRequired = listAt(schema, 'items', 'required').includes(key)
  if (isRequired || valueAt(schema, 'items', 'properties', key, 'default') !== undefined) return []
  const detail = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'
  return [required(`${place}.items.properties[${key}].default`, detail)]
}
