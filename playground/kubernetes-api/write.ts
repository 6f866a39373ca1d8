import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../clock.ts'
import { formatTime, type ApiMeta, type ApiObject } from './api-object.ts'
import type { Decoded } from './decode.ts'
import { invalidValue } from './field-error.ts'
import { valueAt, without } from './json.ts'
import { establishedStatus } from './kinds/custom-resource-definitions.ts'
import type { ObjectStore } from './object-store.ts'
import type { Registry } from './registry.ts'
import type { ResourceDefinition, WriteContext } from './resource-definition.ts'
import {
  StatusError,
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  modifiedMeanwhile,
  notFound,
  type ResourceName,
} from './status-error.ts'
import { checkMetadata, checkMetadataUpdate, metadataWarnings } from './validation/metadata.ts'

export interface ApiState {
  store: ObjectStore
  registry: Registry
  clock: Clock
  random: () => number
}

export interface WriteTarget {
  resource: ResourceDefinition
  /** Empty for cluster-scoped resources. */
  namespace: string
  subresource?: 'status'
  dryRun: boolean
}

export interface Written {
  object: ApiObject
  warnings: string[]
}

export function resourceName({ group, plural }: ResourceDefinition): ResourceName {
  return { group, kind: plural }
}

/** How an invalid object is named; events go by their core kind whichever view wrote them. */
function kindName({ group, kind, storageKey }: ResourceDefinition): ResourceName {
  return { group: storageKey === 'events' ? '' : group, kind }
}

/** Creates an object. @throws StatusError as a real server refuses it */
export function createObject(state: ApiState, target: WriteTarget, decoded: Decoded): Written {
  const { resource, namespace } = target
  const { object: sent } = decoded
  const name = sent.metadata.name === '' ? generatedName(sent, state.random) : sent.metadata.name
  checkNamespaceMatch(target, sent)
  if (resource.namespaced) checkNamespaceOpen(state, resource, namespace, name)
  if (sent.metadata.resourceVersion !== undefined) {
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created')
  }
  const metadata: ApiMeta = {
    ...(without(sent.metadata, ...serverFields) as ApiMeta),
    name,
    ...(resource.namespaced && { namespace }),
    uid: newUid(state.random),
    creationTimestamp: formatTime(state.clock.now()),
    ...(resource.hasGeneration && { generation: 1 }),
  }
  const fresh = { ...(resource.hasStatus ? without(sent, 'status') : sent), metadata } as ApiObject
  const prepared = withServerStatus(resource, resource.prepare(fresh, {}), state)
  refuseInvalid(resource, prepared, {})
  if (state.store.get(resource.storageKey, namespace, name) !== undefined) {
    throw alreadyExists(resourceName(resource), name)
  }
  const warnings = [...decoded.warnings, ...metadataWarnings(prepared)]
  if (target.dryRun) return { object: prepared, warnings }
  const stored = state.store.insert(resource.storageKey, resource.toStored(prepared))
  return { object: resource.fromStored(stored), warnings }
}

const serverFields = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
]

function withServerStatus(resource: ResourceDefinition, object: ApiObject, { clock }: ApiState): ApiObject {
  if (resource.kind !== 'CustomResourceDefinition') return object
  return { ...object, status: establishedStatus(object, formatTime(clock.now())) }
}

/** What an update comes from decides two texts and whether a resourceVersion must be given. */
export type UpdateVerb = 'replace' | 'patch'

/** Updates an object or its status, under optimistic locking. @throws StatusError as a real server refuses it */
export function updateObject(
  state: ApiState,
  target: WriteTarget,
  name: string,
  decoded: Decoded,
  verb: UpdateVerb,
): Written {
  const { resource, namespace } = target
  const stored = state.store.get(resource.storageKey, namespace, name)
  const { object: sent } = decoded
  if (sent.metadata.name !== name) {
    throw badRequest(
      sent.metadata.name === ''
        ? 'name must be provided'
        : `the name of the object (${sent.metadata.name}) does not match the name on the URL (${name})`,
    )
  }
  checkNamespaceMatch(target, sent)
  if (stored === undefined) throw notFound(resourceName(resource), name)
  const old = resource.fromStored(stored)
  checkPreconditions(resource, sent, old, verb)
  const context: WriteContext = {
    old,
    ...(target.subresource !== undefined && { subresource: target.subresource }),
  }
  const next = nextState(resource, sent, context)
  refuseInvalid(resource, next, context)
  const warnings = [...decoded.warnings, ...metadataWarnings(next)]
  if (target.dryRun) return { object: next, warnings }
  return { object: resource.fromStored(storeUpdate(state, resource, stored, resource.toStored(next))), warnings }
}

function checkPreconditions(resource: ResourceDefinition, sent: ApiObject, old: ApiObject, verb: UpdateVerb): void {
  const { resourceVersion, uid, name } = sent.metadata
  if (uid !== undefined && uid !== old.metadata.uid && verb === 'replace') {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid ?? ''}`
    throw conflict(resourceName(resource), name, why)
  }
  if (resourceVersion === undefined && resource.custom && verb === 'replace') {
    const cause = invalidValue('metadata.resourceVersion', 'must be specified for an update', 0)
    throw invalid(resourceName(resource), name, [cause])
  }
  if (resourceVersion !== undefined && resourceVersion !== '0' && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(resourceName(resource), name, modifiedMeanwhile)
  }
}

/** The object as it would be stored, with `metadata.resourceVersion` still that of the old one. */
function nextState(resource: ResourceDefinition, sent: ApiObject, context: WriteContext): ApiObject {
  const { old } = context
  if (old === undefined) return sent
  if (context.subresource === 'status') {
    const { status } = sent
    return resource.prepare(
      { ...(without(old, 'status') as ApiObject), ...(status !== undefined && { status }) },
      context,
    )
  }
  const kept = Object.fromEntries(
    serverFields.filter((field) => field in old.metadata).map((field) => [field, old.metadata[field]]),
  )
  const metadata = {
    ...(without(sent.metadata, ...serverFields) as ApiMeta),
    ...(old.metadata.namespace !== undefined && { namespace: old.metadata.namespace }),
    ...kept,
    // A uid that differs was refused for PUT; for PATCH it is an invalid field, so it must still be seen by validation.
    ...(sent.metadata.uid !== undefined && { uid: sent.metadata.uid }),
  }
  const body = resource.hasStatus ? without(sent, 'status') : sent
  const status = resource.hasStatus && 'status' in old ? { status: old['status'] } : {}
  const next = resource.prepare({ ...body, ...status, metadata } as ApiObject, context)
  if (!resource.hasGeneration || isDeepStrictEqual(specOf(resource, next), specOf(resource, old))) return next
  return { ...next, metadata: { ...next.metadata, generation: (old.metadata.generation ?? 0) + 1 } }
}

function specOf({ hasStatus }: ResourceDefinition, object: ApiObject): unknown {
  return hasStatus ? without(object, 'metadata', 'status') : without(object, 'metadata')
}

function storeUpdate(state: ApiState, resource: ResourceDefinition, stored: ApiObject, next: ApiObject): ApiObject {
  if (isDeepStrictEqual(next, stored)) return stored
  const isReleased = next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0
  if (isReleased && resource.storageKey !== 'namespaces') {
    state.store.remove(resource.storageKey, next)
    return next
  }
  return state.store.replace(resource.storageKey, stored, next)
}

function refuseInvalid(resource: ResourceDefinition, object: ApiObject, context: WriteContext): void {
  const errors = [
    ...checkMetadata(resource, object),
    ...(context.old === undefined ? [] : checkMetadataUpdate(object, context.old)),
    ...resource.validate(object, context),
  ]
  if (errors.length > 0) throw invalid(kindName(resource), object.metadata.name, errors)
}

function checkNamespaceMatch({ resource, namespace }: WriteTarget, object: ApiObject): void {
  const sent = object.metadata.namespace
  if (!resource.namespaced || sent === undefined || sent === '' || sent === namespace) return
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

function checkNamespaceOpen({ store }: ApiState, resource: ResourceDefinition, namespace: string, name: string): void {
  const found = store.get('namespaces', '', namespace)
  if (found === undefined) throw notFound({ group: '', kind: 'namespaces' }, namespace)
  if (valueAt(found, 'status', 'phase') !== 'Terminating') return
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  }
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  throw forbidden(resourceName(resource), name, why, [cause])
}

/** Letters and digits that a generated suffix is made of: no vowels, so that it spells nothing. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
const maxGeneratedPrefix = 63 - suffixLength

function generatedName(object: ApiObject, random: () => number): string {
  const prefix = object.metadata.generateName
  if (prefix === undefined || prefix === '') return ''
  const suffix = Array.from(
    { length: suffixLength },
    () => suffixAlphabet[Math.floor(random() * suffixAlphabet.length)],
  )
  return prefix.slice(0, maxGeneratedPrefix) + suffix.join('')
}

function newUid(random: () => number): string {
  const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('')
  const variant = '89ab'[Math.floor(random() * 4)] ?? '8'
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`
}
