import type { ApiObject } from './api-object.ts'
import { deleteObject } from './delete.ts'
import { customResourceDefinitions } from './kinds/custom-resource-definitions.ts'
import { storageKeyOfDefinition } from './registry.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import type { ApiState } from './write.ts'

const definitionsKey = customResourceDefinitions.storageKey

/**
 * What the loops of a real control plane do and this server needs: serve what definitions define, empty namespaces and
 * definitions that are being deleted (respecting finalizers), and remove them once they are empty. Runs in a microtask
 * after the change that calls for it. Returns the function that stops it.
 */
export function startCascades(state: ApiState): () => void {
  const { store, registry } = state
  let isScheduled = false
  const schedule = () => {
    if (isScheduled) return
    isScheduled = true
    queueMicrotask(() => {
      isScheduled = false
      sweep(state)
    })
  }
  return store.subscribe((change) => {
    if (change.storageKey === definitionsKey && change.type !== 'DELETED') registry.register(change.object)
    const isContainer = change.storageKey === definitionsKey || change.storageKey === 'namespaces'
    if (change.type === 'DELETED' || (isContainer && isDeleting(change.object))) schedule()
  })
}

function isDeleting(object: ApiObject): boolean {
  return object.metadata.deletionTimestamp !== undefined
}

function sweep(state: ApiState): void {
  const { store, registry } = state
  for (const definition of store.list(definitionsKey).filter(isDeleting)) {
    const key = storageKeyOfDefinition(definition)
    const [resource] = registry.servedBy(definition)
    if (resource !== undefined) deleteAll(state, resource, store.list(key))
    if (store.list(key).length > 0) continue
    registry.unregister(definition)
    store.remove(definitionsKey, definition)
  }
  for (const namespace of store.list('namespaces').filter(isDeleting)) emptyNamespace(state, namespace)
}

function emptyNamespace(state: ApiState, namespace: ApiObject): void {
  const { store, registry } = state
  const { name } = namespace.metadata
  const contained = registry.all().filter((resource) => resource.namespaced)
  for (const resource of contained) deleteAll(state, resource, store.list(resource.storageKey, name))
  if (contained.some((resource) => store.list(resource.storageKey, name).length > 0)) return
  store.remove('namespaces', namespace)
}

function deleteAll(state: ApiState, resource: ResourceDefinition, objects: readonly ApiObject[]): void {
  for (const { metadata } of objects) {
    if (metadata.deletionTimestamp !== undefined) continue
    deleteObject(state, { resource, namespace: metadata.namespace ?? '', dryRun: false }, metadata.name, {})
  }
}
