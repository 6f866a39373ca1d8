import { isDeepStrictEqual } from 'node:util'
import type { ApiObject } from '../api-object.ts'
import { forbiddenField, invalidValue, required, type FieldError } from '../field-error.ts'
import { objectAt, stringAt, without } from '../json.ts'
import type { WriteContext } from '../resource-definition.ts'
import { mapOf } from '../schema.ts'
import { configKeyProblems } from '../validation/names.ts'
import { ageColumn, builtInKind, column, nameColumn, objectSchema } from './built-in-kind.ts'

const maxDataBytes = 1024 * 1024

export const configMaps = builtInKind({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  namespaced: true,
  schema: objectSchema('ConfigMap holds configuration data for pods to consume.', {
    data: { ...mapOf({ type: 'string' }), description: 'Configuration data as text.' },
    binaryData: { ...mapOf({ type: 'string', format: 'byte' }), description: 'Configuration data as bytes, base64.' },
    immutable: { type: 'boolean', description: 'If true, the data cannot be changed any more.' },
  }),
  columns: [nameColumn, column('Data', 'Number of data keys.', (object) => countData(object)), ageColumn],
  validate: (object, context) => [
    ...checkKeys(object, 'data'),
    ...checkKeys(object, 'binaryData'),
    ...checkSize(object),
    ...checkImmutable(object, context, ['data', 'binaryData']),
  ],
})

export const secrets = builtInKind({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  schema: objectSchema('Secret holds secret data of a certain type.', {
    data: { ...mapOf({ type: 'string', format: 'byte' }), description: 'The secret data, base64.' },
    stringData: {
      ...mapOf({ type: 'string' }),
      description: 'Secret data as text: written into data, never read back.',
    },
    immutable: { type: 'boolean', description: 'If true, the data cannot be changed any more.' },
    type: { type: 'string', description: 'What kind of secret it is; cannot be changed.' },
  }),
  columns: [
    nameColumn,
    column('Type', 'What kind of secret it is.', (object) => object['type']),
    column('Data', 'Number of data keys.', (object) => countData(object)),
    ageColumn,
  ],
  selectableFields: { type: (object) => stringAt(object, 'type') },
  prepare: (object) => prepareSecret(object),
  validate: (object, context) => [
    ...checkKeys(object, 'data'),
    ...checkSize(object),
    ...checkRequiredKeys(object),
    ...checkSecretType(object, context),
    ...checkImmutable(object, context, ['data']),
  ],
})

function countData(object: ApiObject): number {
  return Object.keys(objectAt(object, 'data')).length + Object.keys(objectAt(object, 'binaryData')).length
}

function prepareSecret(object: ApiObject): ApiObject {
  const texts = Object.entries(objectAt(object, 'stringData'))
  const encoded = texts.map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')] as const)
  const data = { ...objectAt(object, 'data'), ...Object.fromEntries(encoded) }
  const type = stringAt(object, 'type')
  return {
    ...(without(object, 'stringData', 'data') as ApiObject),
    ...(Object.keys(data).length > 0 && { data }),
    type: type === '' ? 'Opaque' : type,
  }
}

function checkKeys(object: ApiObject, member: string): FieldError[] {
  return Object.keys(objectAt(object, member)).flatMap((key) =>
    configKeyProblems(key).map((problem) => invalidValue(`${member}[${key}]`, problem, key)),
  )
}

function checkSize(object: ApiObject): FieldError[] {
  const text = Object.values(objectAt(object, 'data')).reduce<number>((sum, value) => sum + String(value).length, 0)
  const bytes = object.kind === 'Secret' ? (text * 3) / 4 : text
  if (bytes <= maxDataBytes) return []
  const message = `Too long: may not be more than ${maxDataBytes} bytes`
  return [{ reason: 'FieldValueTooLong', message, field: 'data' }]
}

const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
}

function checkRequiredKeys(object: ApiObject): FieldError[] {
  const data = objectAt(object, 'data')
  const keys = requiredKeys[stringAt(object, 'type')] ?? []
  return keys.filter((key) => !Object.hasOwn(data, key)).map((key) => required(`data[${key}]`))
}

function checkSecretType(object: ApiObject, { old }: WriteContext): FieldError[] {
  if (old === undefined || old['type'] === object['type']) return []
  return [invalidValue('type', 'field is immutable', object['type'])]
}

function checkImmutable(object: ApiObject, { old }: WriteContext, members: readonly string[]): FieldError[] {
  if (old?.['immutable'] !== true) return []
  const detail = 'field is immutable when `immutable` is set'
  const changed = members.filter((member) => !isDeepStrictEqual(object[member], old[member]))
  const unset = object['immutable'] === true ? [] : ['immutable']
  return [...unset, ...changed].map((field) => forbiddenField(field, detail))
}
