import * as z from 'zod'

interface JsonSchema {
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  oneOf?: JsonSchema[]
  const?: unknown
}

/**
 * The paths of what a value has and its schema does not name. Schemas of answers are loose, so that nobody else would
 * notice.
 */
export function undocumentedFields(schema: z.ZodType, value: unknown): string[] {
  return unknownIn(z.toJSONSchema(schema, { io: 'output' }) as JsonSchema, value, '')
}

function unknownIn({ properties, items, oneOf }: JsonSchema, value: unknown, path: string): string[] {
  if (Array.isArray(value)) return items === undefined ? [] : value.flatMap((each) => unknownIn(items, each, path))
  if (typeof value !== 'object' || value === null) return []
  const { kind } = value as { kind?: unknown }
  const fields = properties ?? oneOf?.find((each) => each.properties?.['kind']?.const === kind)?.properties
  if (fields === undefined) return [] // a record: any key
  return Object.entries(value).flatMap(([key, entry]) => {
    const field = fields[key]
    return field === undefined ? [`${path}${key}`] : unknownIn(field, entry, `${path}${key}.`)
  })
}
