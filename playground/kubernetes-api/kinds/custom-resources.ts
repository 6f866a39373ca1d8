import type { ApiObject } from '../api-object.ts'
import { invalidValue, wholeObject, type FieldError } from '../field-error.ts'
import { ageOf } from '../human-duration.ts'
import { isObject, listAt, objectAt, stringAt, valueAt, type JsonObject } from '../json.ts'
import { compileJsonPath } from '../json-path.ts'
import type { PrinterColumn, ResourceDefinition, WriteContext } from '../resource-definition.ts'
import type { Schema } from '../schema.ts'
import { checkRules } from '../validation/check-rules.ts'
import { compileRules, type CompiledRules } from '../validation/compile-rules.ts'
import { checkListTypes, checkSchema } from '../validation/schema-check.ts'
import { withDefaults } from '../validation/prune.ts'
import { ageColumn, atVersion, builtInKind, nameColumn } from './built-in-kind.ts'

/**
 * The resources that an accepted CustomResourceDefinition serves, one per served version, all on one set of objects.
 */
export function customResources(definition: ApiObject): ResourceDefinition[] {
  return listAt(definition, 'spec', 'versions')
    .filter((version): version is JsonObject => isObject(version) && version['served'] === true)
    .map((version) => customResource(definition, version))
}

function customResource(definition: ApiObject, version: JsonObject): ResourceDefinition {
  const names = objectAt(definition, 'spec', 'names')
  const schema = objectAt(version, 'schema', 'openAPIV3Schema') as Schema
  const { compiled } = compileRules(schema)
  const hasStatus = isObject(valueAt(version, 'subresources', 'status'))
  const identity = {
    group: stringAt(definition, 'spec', 'group'),
    version: stringAt(version, 'name'),
    kind: stringAt(names, 'kind'),
    plural: stringAt(names, 'plural'),
  }
  return {
    ...builtInKind({
      ...identity,
      namespaced: valueAt(definition, 'spec', 'scope') === 'Namespaced',
      schema,
      columns: columnsOf(version),
    }),
    listKind: stringAt(names, 'listKind'),
    singular: stringAt(names, 'singular'),
    shortNames: listAt(names, 'shortNames').map(String),
    categories: listAt(names, 'categories').map(String),
    custom: true,
    hasStatus,
    hasGeneration: true,
    selectableFields: selectableFieldsOf(version),
    fromStored: (object) => atVersion(identity, object),
    prepare: (object) => withDefaults(schema, object) as ApiObject,
    validate: (object, context) => checkCustomObject(schema, compiled, object, context),
    decodeProblem: () => undefined,
  }
}

/** Errors after which a real server does not run rules: the object may not have the shape that they rely on. */
const blocking = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

/** Said instead of the rules' own verdicts when the object is too broken to judge. */
const rulesNotChecked = invalidValue(
  wholeObject,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  null,
)

function isBlocking(error: FieldError): boolean {
  return blocking.has(error.reason)
}

function checkCustomObject(
  schema: Schema,
  rules: CompiledRules | undefined,
  object: ApiObject,
  { old, subresource }: WriteContext,
): FieldError[] {
  const errors = subresource === 'status' ? checkStatusOnly(schema, object, old) : checkWhole(schema, object, old)
  if (rules === undefined) return errors
  if (errors.some(isBlocking) || object.metadata.name === '') return [...errors, rulesNotChecked]
  return [...errors, ...checkRules(rules, object, '', old)]
}

function checkWhole(schema: Schema, object: ApiObject, old: ApiObject | undefined): FieldError[] {
  const place = { field: '', shown: '' }
  return [...checkSchema(schema, object, place, old), ...checkListTypes(schema, object, '', old)]
}

function checkStatusOnly(schema: Schema, object: ApiObject, old: ApiObject | undefined): FieldError[] {
  const status = schema.properties?.['status']
  if (status === undefined || object['status'] === undefined) return []
  const place = { field: 'status', shown: '' }
  const before = old?.['status']
  return [
    ...checkSchema(status, object['status'], place, before),
    ...checkListTypes(status, object['status'], 'status', before),
  ]
}

function selectableFieldsOf(version: JsonObject): ResourceDefinition['selectableFields'] {
  const paths = listAt(version, 'selectableFields').map((field) => stringAt(field, 'jsonPath'))
  return Object.fromEntries(
    paths.map((path) => {
      const read = compileJsonPath(path)
      return [path.replace(/^\./, ''), (object: ApiObject) => textOf(read(object)[0])] as const
    }),
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
}

function columnsOf(version: JsonObject): PrinterColumn[] {
  const declared = listAt(version, 'additionalPrinterColumns').filter((column) => isObject(column))
  if (declared.length === 0) return [nameColumn, { ...ageColumn, type: 'date' }]
  return [nameColumn, ...declared.map(declaredColumn)]
}

function declaredColumn(column: JsonObject): PrinterColumn {
  const path = stringAt(column, 'jsonPath')
  const type = stringAt(column, 'type')
  const read = compileJsonPath(path)
  return {
    name: stringAt(column, 'name'),
    type,
    format: stringAt(column, 'format'),
    description: stringAt(column, 'description') || `Custom resource definition column (in JSONPath format): ${path}`,
    priority: typeof column['priority'] === 'number' ? column['priority'] : 0,
    cell: (object, now) => cellOf(type, read(object)[0], now),
  }
}

/** A cell is shown only if the value has the type that the column declares; a string column shows anything. */
function cellOf(type: string, value: unknown, now: number): unknown {
  if (value === undefined || value === null) return null
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? dateCell(value, now) : null
    default:
      return textOf(value)
  }
}

function dateCell(value: string, now: number): string {
  return Number.isNaN(Date.parse(value)) ? '<invalid>' : ageOf(value, now)
}
