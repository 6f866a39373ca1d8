import type { ApiMeta, ApiObject } from '../api-object.ts'
import { forbiddenField, invalidValue, required, type FieldError } from '../field-error.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { labelValueProblems, qualifiedNameProblems } from './names.ts'

const maxAnnotationBytes = 256 * 1024

/** Checks metadata on every write: name, labels, annotations, finalizers. */
export function checkMetadata(resource: ResourceDefinition, { metadata }: ApiObject): FieldError[] {
  return [...checkName(resource, metadata), ...checkLabels(metadata), ...checkAnnotations(metadata)]
}

function checkName(resource: ResourceDefinition, { name }: ApiMeta): FieldError[] {
  if (name === '') return [required('metadata.name', 'name or generateName is required')]
  return resource.nameProblems(name).map((problem) => invalidValue('metadata.name', problem, name))
}

function checkLabels({ labels = {} }: ApiMeta): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const ofKey = qualifiedNameProblems(key).map((problem) => invalidValue('metadata.labels', problem, key))
    const ofValue = labelValueProblems(value).map((problem) => invalidValue('metadata.labels', problem, value))
    return ofKey.concat(ofValue)
  })
}

function checkAnnotations({ annotations = {} }: ApiMeta): FieldError[] {
  // Keys are checked in lower case: upper case letters in the prefix are allowed there.
  const keys = Object.keys(annotations).flatMap((key) =>
    qualifiedNameProblems(key.toLowerCase()).map((problem) => invalidValue('metadata.annotations', problem, key)),
  )
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  const tooLong: FieldError = {
    reason: 'FieldValueTooLong',
    message: `Too long: may not be more than ${maxAnnotationBytes} bytes`,
    field: 'metadata.annotations',
  }
  return size > maxAnnotationBytes ? [...keys, tooLong] : keys
}

/**
 * Checks what an update may not do to metadata: change the uid, or add finalizers to an object that is being deleted.
 */
export function checkMetadataUpdate({ metadata }: ApiObject, old: ApiObject): FieldError[] {
  const errors: FieldError[] = []
  if (metadata.uid !== old.metadata.uid) {
    errors.push(invalidValue('metadata.uid', 'field is immutable', metadata.uid))
  }
  const before = new Set(old.metadata.finalizers)
  const added = (metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer))
  if (old.metadata.deletionTimestamp !== undefined && added.length > 0) {
    const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ')
    errors.push(
      forbiddenField(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
      ),
    )
  }
  return errors
}

/** Warnings that accompany a successful write. */
export function metadataWarnings({ metadata }: ApiObject): string[] {
  return (metadata.finalizers ?? [])
    .filter((finalizer) => !finalizer.includes('/') && !standardFinalizers.has(finalizer))
    .map(
      (finalizer) =>
        `metadata.finalizers: ${JSON.stringify(finalizer)}: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`,
    )
}

const standardFinalizers = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])
