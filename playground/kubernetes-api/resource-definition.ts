import type { ApiObject } from './api-object.ts'
import type { FieldError } from './field-error.ts'
import type { Schema } from './schema.ts'

export interface PrinterColumn {
  name: string
  type: string
  format?: string
  description: string
  /** 0 is always shown, 1 with `-o wide`. */
  priority: number
  /** The cell for one object; `now` in epoch milliseconds, for ages. */
  cell(object: ApiObject, now: number): unknown
}

export interface WriteContext {
  /** The object as stored before, absent on create. */
  old?: ApiObject
  subresource?: 'status'
}

/** One resource as served under one group and version: all that the generic machinery needs to know about it. */
export interface ResourceDefinition {
  group: string
  version: string
  kind: string
  listKind: string
  plural: string
  singular: string
  shortNames: readonly string[]
  categories: readonly string[]
  namespaced: boolean
  /** Has a `/status` subresource, which alone may change `status`. */
  hasStatus: boolean
  /** `metadata.generation` starts at 1 and counts changes outside metadata and status. */
  hasGeneration: boolean
  /** Registered by a CustomResourceDefinition: some texts and rules differ from built-in kinds. */
  custom: boolean
  /** Where the objects are kept. Two definitions with the same key are two views on one set of objects. */
  storageKey: string
  /** Answers a finished DELETE with the object instead of a Status. */
  returnsDeletedObject: boolean
  columns: readonly PrinterColumn[]
  schema: Schema
  /** Field selectors beyond metadata.name and metadata.namespace. */
  selectableFields: Readonly<Record<string, (object: ApiObject) => string>>
  /** The object of this version from the stored form, and back. Identity but for kinds with several views. */
  fromStored(object: ApiObject): ApiObject
  toStored(object: ApiObject): ApiObject
  /** Problems of the name itself, as sentences; empty when it is fine. */
  nameProblems(name: string): string[]
  /** Fills in what the server fills in (defaults, conversions); pure. */
  prepare(object: ApiObject, context: WriteContext): ApiObject
  validate(object: ApiObject, context: WriteContext): FieldError[]
  /**
   * JSON type mismatches that a Go decoder refuses; undefined when it would decode. Schemas of custom resources answer
   * in `validate` instead.
   */
  decodeProblem(object: Record<string, unknown>): string | undefined
}

export function apiVersionOf(resource: { group: string; version: string }): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
}
