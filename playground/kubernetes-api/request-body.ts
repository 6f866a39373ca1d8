import { parse as parseYaml } from 'yaml'
import { isObject, type JsonObject } from './json.ts'
import { decodeProtobufObject, isProtobuf } from './protobuf.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { badRequest, unsupportedMediaType } from './status-error.ts'

const acceptedTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** How much of an unreadable body an error may quote. Never the whole: it may be a Secret. */
const quotedLength = 24

/**
 * Reads the body of a create or replace: JSON, YAML, or the protobuf that kubectl's own commands send. @throws
 * StatusError 400, 415
 */
export function readObject(resource: ResourceDefinition, contentType: string | undefined, body: Buffer): unknown {
  const type = mediaType(contentType)
  if (type === 'application/vnd.kubernetes.protobuf') {
    if (!isProtobuf(body)) throw badRequest('the object provided is unrecognized: no protobuf envelope')
    return decodeProtobufObject(resource, body)
  }
  const text = body.toString()
  switch (type) {
    case '':
    case 'application/json':
      return parseJson(text, (problem) => unrecognized(resource, text, problem))
    case 'application/yaml':
      return parseYamlText(text, (problem) => unrecognized(resource, text, problem))
    default:
      throw unsupportedMediaType(acceptedTypes)
  }
}

/** Reads DeleteOptions; no body means none. */
export function readDeleteOptions(body: Buffer | undefined): JsonObject {
  if (body === undefined || body.length === 0 || isProtobuf(body)) return {}
  const parsed = parseJson(body.toString(), (problem) => badRequest(`cannot read DeleteOptions: ${problem}`))
  return isObject(parsed) ? parsed : {}
}

export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

export function parseJson(text: string, refuse: (problem: string) => Error): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw refuse(goJsonProblem(text, error))
  }
}

/** What Go says of broken JSON, for the one case that clients meet: a body that ends too early. */
function goJsonProblem(text: string, error: unknown): string {
  const isCutOff =
    text.trim() === '' || (error instanceof SyntaxError && /end of JSON|Expected|Unterminated/i.test(error.message))
  return isCutOff ? 'unexpected end of JSON input' : 'invalid character in JSON'
}

function parseYamlText(text: string, refuse: (problem: string) => Error): unknown {
  try {
    return parseYaml(text, { version: '1.1' }) as unknown
  } catch {
    throw refuse('error converting YAML to JSON')
  }
}

function unrecognized({ kind }: ResourceDefinition, text: string, problem: string): Error {
  const quoted =
    text === ''
      ? '<empty>'
      : kind === 'Secret'
        ? '...'
        : text.slice(0, quotedLength) + (text.length > quotedLength ? ' ...' : '')
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${problem} (${quoted})`,
  )
}
