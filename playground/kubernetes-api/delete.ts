import { formatTime, type ApiObject } from './api-object.ts'
import { objectAt, stringAt, type JsonObject } from './json.ts'
import { customResourceCleanup } from './kinds/custom-resource-definitions.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { conflict, forbidden, notFound, successStatus } from './status-error.ts'
import { type ApiState, type WriteTarget, resourceName } from './write.ts'

const protectedNamespaces = new Set(['default', 'kube-system', 'kube-public'])

/**
 * Deletes an object: at once, or, while finalizers hold it, by setting its deletionTimestamp; the last finalizer's
 * removal then finishes it. `propagationPolicy` and grace periods are accepted and have no effect: there is no garbage
 * collector.
 * @returns the body of the answer: the object while it still exists (and for some kinds afterwards), else a Status
 * @throws StatusError 404, 409 for preconditions that do not hold, 403 for the namespaces that must stay
 */
export function deleteObject(state: ApiState, target: WriteTarget, name: string, options: JsonObject): JsonObject {
  const { resource, namespace } = target
  if (resource.storageKey === 'namespaces' && protectedNamespaces.has(name)) {
    throw forbidden(resourceName(resource), name, 'this namespace may not be deleted')
  }
  const stored = state.store.get(resource.storageKey, namespace, name)
  if (stored === undefined) throw notFound(resourceName(resource), name)
  checkPreconditions(resource, stored, objectAt(options, 'preconditions'))
  const held = isHeld(resource, stored)
  if (target.dryRun) return answer(resource, stored, held)
  if (!held) return answer(resource, state.store.remove(resource.storageKey, stored), false)
  if (stored.metadata.deletionTimestamp !== undefined) return answer(resource, stored, true)
  const doomed = state.store.replace(resource.storageKey, stored, marked(resource, stored, state.clock.now()))
  return answer(resource, doomed, true)
}

/** Namespaces and definitions wait until what they contain is gone, other objects for their finalizers. */
function isHeld(resource: ResourceDefinition, object: ApiObject): boolean {
  return isContainer(resource) || (object.metadata.finalizers ?? []).length > 0
}

function isContainer({ kind }: ResourceDefinition): boolean {
  return kind === 'Namespace' || kind === 'CustomResourceDefinition'
}

function marked(resource: ResourceDefinition, object: ApiObject, now: number): ApiObject {
  const deletionTimestamp = formatTime(now)
  if (resource.kind === 'Namespace') {
    const status = { ...objectAt(object, 'status'), phase: 'Terminating' }
    return { ...object, metadata: { ...object.metadata, deletionTimestamp }, status }
  }
  if (resource.kind === 'CustomResourceDefinition') {
    const finalizers = [...new Set([...(object.metadata.finalizers ?? []), customResourceCleanup])]
    return { ...object, metadata: { ...object.metadata, deletionTimestamp, finalizers } }
  }
  const { generation } = object.metadata
  return {
    ...object,
    metadata: {
      ...object.metadata,
      deletionTimestamp,
      deletionGracePeriodSeconds: 0,
      ...(generation !== undefined && { generation: generation + 1 }),
    },
  }
}

function checkPreconditions(resource: ResourceDefinition, object: ApiObject, preconditions: JsonObject): void {
  const about = { group: resource.group, kind: resource.kind }
  const { name, uid = '', resourceVersion = '' } = object.metadata
  const wantedUid = stringAt(preconditions, 'uid')
  if (wantedUid !== '' && wantedUid !== uid) {
    const why = `the UID in the precondition (${wantedUid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`
    throw conflict(about, name, why)
  }
  const wantedVersion = stringAt(preconditions, 'resourceVersion')
  if (wantedVersion !== '' && wantedVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${wantedVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`
    throw conflict(about, name, why)
  }
}

function answer(resource: ResourceDefinition, object: ApiObject, isStillThere: boolean): JsonObject {
  if (isStillThere || resource.returnsDeletedObject) return resource.fromStored(object)
  return successStatus(resourceName(resource), object.metadata.name, object.metadata.uid ?? '')
}
