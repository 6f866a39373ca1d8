import type { HelmSchema } from './schema-for-helm.ts'

/** Shorter parts are easier to read where they stand. */
const worthADefinition = 200

/**
 * The same schema with each larger part that stands in several places said once, below `definitions`: less than half of
 * the size, and Helm keeps the schema in the Secret of every release.
 */
export function withDefinitions(schema: HelmSchema): HelmSchema {
  const count = new Map<string, number>()
  countParts(schema, count)
  const definitions = new Map<string, { name: string; schema: HelmSchema }>()
  const referring = (part: HelmSchema, isRoot = false): HelmSchema => {
    const text = JSON.stringify(part)
    if (isRoot || text.length < worthADefinition || count.get(text) === 1)
      return mapParts(part, (inner) => referring(inner))
    const known = definitions.get(text)
    if (known !== undefined) return { $ref: `#/definitions/${known.name}` }
    const definition = { name: `part${definitions.size + 1}`, schema: {} }
    definitions.set(text, definition)
    definition.schema = mapParts(part, (inner) => referring(inner))
    return { $ref: `#/definitions/${definition.name}` }
  }
  const root = referring(schema, true)
  return {
    ...root,
    definitions: Object.fromEntries([...definitions.values()].map(({ name, schema: said }) => [name, said])),
  }
}

function countParts(schema: HelmSchema, count: Map<string, number>): void {
  mapParts(schema, (part) => {
    const text = JSON.stringify(part)
    count.set(text, (count.get(text) ?? 0) + 1)
    countParts(part, count)
    return part
  })
}

/** What holds schemas: one, several, or by key. */
const one = new Set(['items', 'additionalProperties', 'propertyNames', 'not'])
const several = new Set(['anyOf', 'oneOf'])
const byKey = new Set(['properties', 'patternProperties'])

function mapParts(schema: HelmSchema, change: (part: HelmSchema) => HelmSchema): HelmSchema {
  const changed = (part: unknown) => (typeof part === 'object' && part !== null ? change(part as HelmSchema) : part)
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (one.has(keyword)) return [keyword, changed(value)]
      if (several.has(keyword)) return [keyword, (value as unknown[]).map(changed)]
      if (!byKey.has(keyword)) return [keyword, value]
      return [keyword, Object.fromEntries(Object.entries(value as object).map(([key, part]) => [key, changed(part)]))]
    }),
  )
}
