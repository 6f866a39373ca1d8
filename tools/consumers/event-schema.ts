/** JSON Schema, as far as the schemas of events use it. */
export interface EventSchema {
  $schema?: string
  $ref?: string
  $defs?: Record<string, EventSchema>
  title?: string
  description?: string
  type?: string
  const?: string | number | boolean
  enum?: string[]
  anyOf?: EventSchema[]
  oneOf?: EventSchema[]
  not?: EventSchema
  properties?: Record<string, EventSchema>
  required?: string[]
}
