import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Definition {
  properties?: Record<string, unknown>
  additionalProperties?: unknown
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[]
}

/**
 * Writes what an API server says about its kinds (`/openapi/v2`) as the JSON schemas that kubeconform reads, one file
 * per kind, closed so that unknown fields are errors. Answers kubeconform's `-schema-location`.
 */
export function writeJsonSchemas(openapi: { definitions: Record<string, Definition> }, folder: string): string {
  mkdirSync(folder, { recursive: true })
  const definitions = Object.fromEntries(
    Object.entries(openapi.definitions).map(([name, definition]) => [name, closed(definition)]),
  )
  writeFileSync(join(folder, 'definitions.json'), rewritten({ definitions }))
  for (const [name, definition] of Object.entries(openapi.definitions)) {
    const kinds = definition['x-kubernetes-group-version-kind'] ?? []
    const [first] = kinds
    if (kinds.length !== 1 || first === undefined) continue
    const { group, version, kind } = first
    // For kubeconform the group of core kinds is their version.
    const file = `${kind}-${group === '' ? version : group}-${version}`.toLowerCase()
    writeFileSync(join(folder, `${file}.json`), JSON.stringify({ $ref: `definitions.json#/definitions/${name}` }))
  }
  return join(folder, '{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json')
}

function closed(definition: Definition): Definition {
  if (definition.properties === undefined || definition.additionalProperties !== undefined) return definition
  return { ...definition, additionalProperties: false }
}

/** `int-or-string` and quantities are numbers as often as texts, whatever the definition says. */
function rewritten(value: object): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (key === '$ref' && typeof inner === 'string')
      return inner.replace('#/definitions/', 'definitions.json#/definitions/')
    const format = typeof inner === 'object' && inner !== null ? Reflect.get(inner, 'format') : undefined
    if (format === 'int-or-string') return { anyOf: [{ type: 'integer' }, { type: 'string' }] }
    return inner
  })
}
