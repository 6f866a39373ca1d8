/** JSON Schema (draft 7, what Helm reads), as far as it is used here. */
export interface ValueSchema {
  description?: string
  type?: string | string[]
  properties?: Record<string, ValueSchema>
  additionalProperties?: boolean | ValueSchema
  items?: ValueSchema
  uniqueItems?: boolean
  enum?: (string | number)[]
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
}

export const object = (description: string, properties: Record<string, ValueSchema>): ValueSchema => ({
  description,
  type: 'object',
  properties,
  additionalProperties: false,
})
export const text = (description: string, pattern?: string): ValueSchema => ({
  description,
  type: 'string',
  ...(pattern !== undefined && { pattern }),
})
export const flag = (description: string): ValueSchema => ({ description, type: 'boolean' })
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
/** Labels and annotations. */
export const labels = (description: string): ValueSchema => ({
  description,
  type: 'object',
  additionalProperties: { type: 'string' },
})
/** A part of a Kubernetes object: the API server knows its schema. */
export const kubernetes = (type: 'object' | 'array', description: string): ValueSchema =>
  type === 'array' ? { description, type, items: { type: 'object' } } : { description, type }
