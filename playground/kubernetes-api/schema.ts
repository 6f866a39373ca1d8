/**
 * The part of OpenAPI v3 that structural schemas may use, with the `x-kubernetes-*` extensions that change behaviour.
 */
export interface Schema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  description?: string
  format?: string
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  items?: Schema
  required?: string[]
  enum?: unknown[]
  default?: unknown
  nullable?: boolean
  minimum?: number
  maximum?: number
  exclusiveMinimum?: boolean
  exclusiveMaximum?: boolean
  multipleOf?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  minItems?: number
  maxItems?: number
  minProperties?: number
  maxProperties?: number
  uniqueItems?: boolean
  allOf?: Schema[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  not?: Schema
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: 'atomic' | 'granular'
  'x-kubernetes-validations'?: ValidationRule[]
}

export interface ValidationRule {
  rule: string
  message?: string
  messageExpression?: string
  fieldPath?: string
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate'
  optionalOldSelf?: boolean
}

const string: Schema = { type: 'string' }
const integer: Schema = { type: 'integer' }
const time: Schema = { type: 'string', format: 'date-time', nullable: true }

export const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values })
export const listOf = (items: Schema): Schema => ({ type: 'array', items })
export const record = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties })
export const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** `metav1.ObjectMeta`: what a client may send under `metadata` of any object. */
export const objectMetaSchema: Schema = {
  ...record({
    name: string,
    generateName: string,
    namespace: string,
    selfLink: string,
    uid: string,
    resourceVersion: string,
    generation: { ...integer, format: 'int64' },
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: { ...integer, format: 'int64' },
    labels: mapOf(string),
    annotations: mapOf(string),
    finalizers: listOf(string),
    ownerReferences: listOf(
      record({
        apiVersion: string,
        kind: string,
        name: string,
        uid: string,
        controller: { type: 'boolean' },
        blockOwnerDeletion: { type: 'boolean' },
      }),
    ),
    managedFields: listOf(anything),
  }),
  description: "Standard object's metadata.",
}
