import type { ApiObject } from './api-object.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { badRequest } from './status-error.ts'

export type FieldSelector = (object: ApiObject) => boolean

const metadataFields: Readonly<Record<string, (object: ApiObject) => string>> = {
  'metadata.name': (object) => object.metadata.name,
  'metadata.namespace': (object) => object.metadata.namespace ?? '',
}

/**
 * Parses a field selector: `path=value`, `path==value`, `path!=value`, joined by commas (`\` escapes `,`, `=` and
 * itself in values). Only the fields that the resource declares can be selected on.
 * @throws StatusError 400 with a real server's text for a syntax error or an unknown field
 */
export function parseFieldSelector(resource: ResourceDefinition, text: string): FieldSelector {
  const terms = text.split(/(?<!\\),/).filter((term) => term !== '')
  const requirements = terms.map((term) => parseTerm(resource, term))
  return (object) => requirements.every((holds) => holds(object))
}

function parseTerm(resource: ResourceDefinition, term: string): FieldSelector {
  const parts = /^(.*?)(!=|==|=)(.*)$/s.exec(term)
  if (parts === null) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`)
  const [, field = '', operator = '', escaped = ''] = parts
  const value = escaped.replaceAll(/\\(.)/gs, '$1')
  const read = metadataFields[field] ?? resource.selectableFields[field]
  if (read === undefined) throw badRequest(unknownField(resource, field))
  const wanted = operator !== '!='
  return (object) => (read(object) === value) === wanted
}

function unknownField(resource: ResourceDefinition, field: string): string {
  const hasOwnFields = Object.keys(resource.selectableFields).length > 0
  if (resource.custom || hasOwnFields) return `field label not supported: ${field}`
  return `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
}
