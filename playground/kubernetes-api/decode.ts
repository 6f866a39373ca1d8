import type { ApiMeta, ApiObject } from './api-object.ts'
import { invalidValue } from './field-error.ts'
import { isObject, stringAt, type JsonObject } from './json.ts'
import { goDecodeProblem } from './kinds/built-in-kind.ts'
import { apiVersionOf, type ResourceDefinition } from './resource-definition.ts'
import { objectMetaSchema } from './schema.ts'
import { badRequest, invalid, type StatusError } from './status-error.ts'
import { pruneObject } from './validation/prune.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

export interface Decoded {
  object: ApiObject
  warnings: string[]
}

/**
 * Turns what a client sent into an object of the resource: right kind and version, types that fit, unknown fields
 * dropped (and refused or warned about as `fieldValidation` says). Members of metadata that only the server sets are
 * left for the writer to replace.
 * @throws StatusError 400 or 422 in a real server's words
 */
export function decodeObject(resource: ResourceDefinition, body: unknown, validation: FieldValidation): Decoded {
  if (!isObject(body)) throw unhandled(resource, `json: cannot unmarshal into Go value of type ${resource.kind}`)
  const typed = withType(resource, body)
  const metadata = isObject(typed['metadata']) ? typed['metadata'] : {}
  const problem = goDecodeProblem(objectMetaSchema, metadata, 'ObjectMeta', '') ?? resource.decodeProblem(typed)
  if (problem !== undefined) throw unhandled(resource, problem)
  const { object, unknown } = pruneObject(resource.schema, { ...typed, metadata })
  if (validation === 'Strict' && unknown.length > 0) {
    throw unhandled(resource, `strict decoding error: ${unknown.map(unknownField).join(', ')}`)
  }
  return {
    object: withMetadata(object, isObject(object['metadata']) ? object['metadata'] : {}),
    warnings: validation === 'Warn' ? unknown.map(unknownField) : [],
  }
}

function unknownField(path: string): string {
  return `unknown field ${JSON.stringify(path)}`
}

function unhandled({ kind, version }: ResourceDefinition, problem: string): StatusError {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${problem}`)
}

function withType(resource: ResourceDefinition, body: JsonObject): JsonObject {
  const expected = apiVersionOf(resource)
  const { kind: sentKind, apiVersion: sentVersion } = body
  if (!resource.custom) return withBuiltInType(resource, body, expected)
  if (typeof sentKind !== 'string' || sentKind === '') throw unrecognized(resource, `Object 'Kind' is missing`)
  if (sentVersion !== expected) {
    throw badRequest(
      `the API version in the data (${String(sentVersion)}) does not match the expected API version (${expected})`,
    )
  }
  if (sentKind !== resource.kind) {
    const cause = invalidValue('kind', `must be ${resource.kind}`, sentKind)
    throw invalid({ group: resource.group, kind: sentKind }, stringAt(body, 'metadata', 'name'), [cause])
  }
  return body
}

/** Built-in kinds may leave out what the URL already says. */
function withBuiltInType(resource: ResourceDefinition, body: JsonObject, expected: string): JsonObject {
  const kind = stringAt(body, 'kind') || resource.kind
  const apiVersion = stringAt(body, 'apiVersion') || expected
  if (apiVersion !== expected) {
    throw unhandled(resource, `no kind "${kind}" is registered for version "${apiVersion}"`)
  }
  if (kind !== resource.kind) {
    throw badRequest(
      `${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: converting to ${resource.kind}: unknown conversion`,
    )
  }
  return { ...body, kind, apiVersion }
}

function unrecognized(resource: ResourceDefinition, why: string): StatusError {
  return badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): ${why}`)
}

function withMetadata(object: JsonObject, sent: JsonObject): ApiObject {
  const kept = Object.entries(sent).filter(
    ([name, value]) => value !== null && !serverOnly.has(name) && !isEmpty(value),
  )
  const { name } = sent
  const metadata: ApiMeta = { ...Object.fromEntries(kept), name: typeof name === 'string' ? name : '' }
  const { apiVersion, kind } = object
  return { ...object, apiVersion: String(apiVersion), kind: String(kind), metadata }
}

const serverOnly = new Set(['selfLink', 'managedFields'])

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isObject(value) ? Object.keys(value).length === 0 : value === ''
}
