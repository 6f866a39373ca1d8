import { labelKey, labelValue, namePattern, selectorLabels } from './kubernetes-names.ts'
import type { ValueSchema } from './value-schema.ts'

/** Words for the schemas of parts of Kubernetes objects. */

export const named = (pattern = namePattern): ValueSchema => ({ type: 'string', pattern, maxLength: 253 })
export const word = (...words: string[]): ValueSchema => ({ type: 'string', enum: words })
export const bool: ValueSchema = { type: 'boolean' }
export const whole = (minimum: number, maximum: number): ValueSchema => ({ type: 'integer', minimum, maximum })
/** Free text on one line, not empty. */
export const line: ValueSchema = { type: 'string', pattern: '^[!-~]([ -~]*[!-~])?$', maxLength: 1000 }
export const many = (items: ValueSchema, minItems?: number): ValueSchema => ({
  type: 'array',
  ...(minItems !== undefined && { minItems }),
  uniqueItems: true,
  items,
})
/** In order, where the same may stand twice: arguments. */
export const sequence = (items: ValueSchema, minItems?: number): ValueSchema => ({
  type: 'array',
  ...(minItems !== undefined && { minItems }),
  items,
})
export const closed = (properties: Record<string, ValueSchema>, ...required: string[]): ValueSchema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
  additionalProperties: false,
})
/** Exactly one of these properties, whatever else there is. */
export const exactlyOne = (...properties: string[]) => ({
  oneOf: properties.map((property) => ({ required: [property] })),
})

export const labelSelector: ValueSchema = closed({
  matchLabels: selectorLabels('Labels that must be there.'),
  matchExpressions: many({
    oneOf: [
      closed(
        { key: labelKey, operator: word('In', 'NotIn'), values: many(labelValue, 1) },
        'key',
        'operator',
        'values',
      ),
      closed({ key: labelKey, operator: word('Exists', 'DoesNotExist') }, 'key', 'operator'),
    ],
  }),
})
