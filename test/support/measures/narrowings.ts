import { isRecord } from '../../../src/is-record.ts'

type Schema = Readonly<Record<string, unknown>>

const upperBounds = ['maximum', 'maxLength', 'maxItems', 'maxProperties']
const lowerBounds = ['minimum', 'minLength', 'minItems', 'minProperties']

/**
 * Pure: what the OpenAPI schema of a CRD no longer takes of what an earlier one took, a line for each field: what is
 * removed, newly required, of another type, or more bounded. Rules in CEL are not looked at: a new field brings its
 * own.
 */
export function narrowings(before: unknown, after: unknown, path = ''): string[] {
  if (!isRecord(before)) return []
  if (!isRecord(after)) return [`${path}: is removed`]
  return [
    ...['type', 'format', 'pattern']
      .filter((key) => isAnother(before, after, key))
      .map((key) => `${path}: ${key} changes`),
    ...missing(textsOf(after, 'required'), textsOf(before, 'required')).map(
      (name) => `${path}.${name}: is required now`,
    ),
    ...(Array.isArray(after['enum'])
      ? missing(textsOf(before, 'enum'), textsOf(after, 'enum')).map((word) => `${path}: no longer takes ${word}`)
      : []),
    ...upperBounds
      .filter((key) => boundOf(after, key, Infinity) < boundOf(before, key, Infinity))
      .map((key) => `${path}: ${key} is lower`),
    ...lowerBounds
      .filter((key) => boundOf(after, key, 0) > boundOf(before, key, 0))
      .map((key) => `${path}: ${key} is higher`),
    ...Object.entries(propertiesOf(before)).flatMap(([name, schema]) =>
      narrowings(schema, propertiesOf(after)[name], `${path}.${name}`),
    ),
    ...narrowings(before['items'], after['items'], `${path}[]`),
    ...narrowings(before['additionalProperties'], after['additionalProperties'], `${path}.*`),
  ]
}

function propertiesOf({ properties }: Schema): Schema {
  return isRecord(properties) ? properties : {}
}

/** Newly given counts as another one; no longer given takes more. */
function isAnother(before: Schema, after: Schema, key: string): boolean {
  return after[key] !== undefined && after[key] !== before[key]
}

function boundOf(schema: Schema, key: string, unbounded: number): number {
  const { [key]: bound } = schema
  return typeof bound === 'number' ? bound : unbounded
}

function textsOf(schema: Schema, key: string): string[] {
  const { [key]: texts } = schema
  return Array.isArray(texts) ? texts.map(String) : []
}

/** Those of the first that the second has not. */
function missing(wanted: readonly string[], found: readonly string[]): string[] {
  return wanted.filter((each) => !found.includes(each))
}
