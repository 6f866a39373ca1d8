import type { ApiObject } from './api-object.ts'
import { parseFieldSelector } from './field-selector.ts'
import { isObject } from './json.ts'
import { parseLabelSelector } from './label-selector.ts'
import { keyOf, type ObjectStore } from './object-store.ts'
import type { ListQuery } from './query.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { StatusError, badRequest, expired } from './status-error.ts'

export type ObjectFilter = (object: ApiObject) => boolean

/** The label and field selectors of a request as one predicate over objects of the served version. */
export function selectorOf(resource: ResourceDefinition, query: ListQuery): ObjectFilter {
  const byLabels = parseLabelSelector(query.labelSelector)
  const byFields = parseFieldSelector(resource, query.fieldSelector)
  return (object) => byLabels(object.metadata.labels ?? {}) && byFields(object)
}

export interface ObjectList {
  items: ApiObject[]
  resourceVersion: string
  continueToken: string
  remaining: number | undefined
}

interface Position {
  /** The version that every page of one list shows; -1 for "whatever is there now". */
  version: number
  /** The key of the last object already given. */
  after: string
}

/**
 * One page of a list. Later pages show the state of the first, as long as history reaches back that far.
 * @throws StatusError 410 when it does not, 400 for a broken token, 504 for a version from the future
 */
export function listObjects(
  store: ObjectStore,
  resource: ResourceDefinition,
  namespace: string | undefined,
  query: ListQuery,
): ObjectList {
  const position = query.continueToken === '' ? undefined : parseToken(query.continueToken)
  const version = versionToList(store, query, position)
  const all = store.listAt(resource.storageKey, version, namespace)
  if (all === undefined) throw tooOld(position)
  const matches = selectorOf(resource, query)
  const { after = '' } = position ?? {}
  const found = all
    .filter((object) => keyOfObject(object) > after)
    .map((object) => resource.fromStored(object))
    .filter(matches)
  const { limit } = query
  const items = limit > 0 ? found.slice(0, limit) : found
  const last = items.at(-1)
  const rest = found.length - items.length
  const isFiltered = query.labelSelector !== '' || query.fieldSelector !== ''
  return {
    items,
    resourceVersion: String(version),
    continueToken: rest > 0 && last !== undefined ? formatToken({ version, after: keyOfObject(last) }) : '',
    remaining: rest > 0 && !isFiltered ? rest : undefined,
  }
}

function versionToList(store: ObjectStore, query: ListQuery, position: Position | undefined): number {
  if (position !== undefined) return position.version === -1 ? store.version : position.version
  const asked = Number(query.resourceVersion)
  if (asked > store.version) throw fromTheFuture(asked, store.version)
  return query.resourceVersionMatch === 'Exact' ? asked : store.version
}

function fromTheFuture(asked: number, current: number): StatusError {
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }]
  const message = `Timeout: Too large resource version: ${asked}, current: ${current}`
  return new StatusError(504, 'Timeout', message, { causes, retryAfterSeconds: 1 })
}

function tooOld(position: Position | undefined): StatusError {
  if (position === undefined) {
    return expired('The resourceVersion for the provided list is too old.')
  }
  return expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  ).withContinueToken(formatToken({ version: -1, after: position.after }))
}

function keyOfObject({ metadata }: ApiObject): string {
  return keyOf(metadata.namespace ?? '', metadata.name)
}

function formatToken({ version, after }: Position): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start: after })).toString('base64url')
}

function parseToken(token: string): Position {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    throw badRequest('invalid continue token: continue key is not valid: it is not what an earlier page returned')
  }
  if (isObject(parsed) && typeof parsed['rv'] === 'number' && typeof parsed['start'] === 'string') {
    return { version: parsed['rv'], after: parsed['start'] }
  }
  throw badRequest('invalid continue token: continue key is not valid: it lacks a position')
}
