/**
 * JSON Schema (draft 7, what Helm reads), as far as it is used here. Patterns are those of RE2: no look-around, which
 * is what `not` is for.
 */
export interface ValueSchema {
  description?: string
  type?: string | string[]
  properties?: Record<string, ValueSchema>
  required?: string[]
  propertyNames?: ValueSchema
  additionalProperties?: boolean | ValueSchema
  items?: ValueSchema
  uniqueItems?: boolean
  minItems?: number
  maxItems?: number
  enum?: (string | number)[]
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minProperties?: number
  anyOf?: ValueSchema[]
  oneOf?: ValueSchema[]
  not?: ValueSchema
}

/**
 * Closed, and complete: Helm validates the values with the chart's defaults below them, so that only `null`, which
 * takes a default away, can make a part be missing. Parts that may be missing are those of Kubernetes, labels and
 * lists: nothing of them is the same as an empty one.
 */
export const object = (description: string, properties: Record<string, ValueSchema>): ValueSchema => ({
  description,
  type: 'object',
  properties,
  required: Object.entries(properties)
    .filter(([, schema]) => !mayBeMissing(schema))
    .map(([name]) => name),
  additionalProperties: false,
})

/** A level that others add values of their own to: `global`, which all charts of a parent share. */
export const section = (description: string, properties: Record<string, ValueSchema>): ValueSchema => ({
  description,
  type: 'object',
  properties,
})

const mayBeMissing = (schema: ValueSchema) =>
  schema.items !== undefined || (schema.type === 'object' && !isSection(schema))

/**
 * Whether it is a level of the values, and not a part of a Kubernetes object or a map: the levels say what each of
 * their values does.
 */
export const isSection = ({ properties = {} }: ValueSchema): boolean =>
  Object.keys(properties).length > 0 && Object.values(properties).every(({ description }) => description !== undefined)

export const text = (description: string, pattern?: string): ValueSchema => ({
  description,
  type: 'string',
  ...(pattern !== undefined && { pattern }),
})
export const flag = (description: string): ValueSchema => ({ description, type: 'boolean' })
export const number = (description: string, minimum: number, maximum: number): ValueSchema => ({
  description,
  type: 'integer',
  minimum,
  maximum,
})
export const oneOf = (description: string, words: string[]): ValueSchema => ({
  description,
  type: 'string',
  enum: words,
})
export const texts = (description: string, pattern?: string): ValueSchema => ({
  description,
  type: 'array',
  uniqueItems: true,
  items: { type: 'string', ...(pattern !== undefined && { pattern }) },
})
