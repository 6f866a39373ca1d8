import type { JsonObject } from './json.ts'

export interface StatusCause {
  reason: string
  message: string
  field: string
}

export interface ResourceName {
  group: string
  /** The plural, or the kind where a real server says the kind. */
  kind: string
}

/**
 * Ends a request with a `Status` body. Texts, reasons and details are those of a real API server: clients match on
 * them. Handlers throw it and the one error handler writes it; whatever else is thrown is a defect of this server and
 * becomes a 500.
 */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly code: number
  readonly reason: string
  readonly details: JsonObject | undefined
  #metadata: JsonObject = {}

  constructor(code: number, reason: string, message: string, details?: JsonObject) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
  }

  /** An expired list tells how to go on all the same. */
  withContinueToken(token: string): this {
    this.#metadata = { continue: token }
    return this
  }

  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.#metadata,
      status: 'Failure',
      message: this.message,
      ...(this.reason !== '' && { reason: this.reason }),
      ...(this.details !== undefined && { details: this.details }),
      code: this.code,
    }
  }
}

/** `widgets.example.com`, or `configmaps` in the core group. */
function qualified({ group, kind }: ResourceName): string {
  return group === '' ? kind : `${kind}.${group}`
}

function details(name: string, resource: ResourceName, more: JsonObject = {}): JsonObject {
  return {
    ...(name !== '' && { name }),
    ...(resource.group !== '' && { group: resource.group }),
    ...(resource.kind !== '' && { kind: resource.kind }),
    ...more,
  }
}

export function notFound(resource: ResourceName, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, details(name, resource))
}

export function noSuchResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
}

export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualified(resource)} "${name}" already exists`,
    details(name, resource),
  )
}

export function conflict(resource: ResourceName, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`
  return new StatusError(409, 'Conflict', message, details(name, resource))
}

export const modifiedMeanwhile =
  'the object has been modified; please apply your changes to the latest version and try again'

export function forbidden(resource: ResourceName, name: string, why: string, causes?: StatusCause[]): StatusError {
  const message = `${qualified(resource)} "${name}" is forbidden: ${why}`
  return new StatusError(403, 'Forbidden', message, details(name, resource, causes === undefined ? {} : { causes }))
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message)
}

export function invalid(resource: ResourceName, name: string, causes: StatusCause[]): StatusError {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`)
  const unique = [...new Set(texts)]
  const list = unique.length === 1 ? unique.join('') : `[${unique.join(', ')}]`
  const message = `${qualified(resource)} "${name}" is invalid: ${list}`
  return new StatusError(422, 'Invalid', message, details(name, resource, { causes }))
}

export function methodNotAllowed(): StatusError {
  return new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`
  return new StatusError(415, 'UnsupportedMediaType', message)
}

export function notAcceptable(message: string): StatusError {
  return new StatusError(406, 'NotAcceptable', message)
}

/** What was asked for lies before the history that is kept: the client must list again. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message)
}

export function successStatus(resource: ResourceName, name: string, uid: string): JsonObject {
  const outcome = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }
  return { ...outcome, details: details(name, resource, { uid }) }
}
