import type { ApiObject } from '../api-object.ts'
import { duplicate, invalidValue, notSupported, required, type FieldError } from '../field-error.ts'
import { isObject, listAt, objectAt, stringAt, valueAt, type JsonObject } from '../json.ts'
import { compileJsonPath } from '../json-path.ts'
import { anything, listOf, record, type Schema } from '../schema.ts'
import { compileRules } from '../validation/compile-rules.ts'
import { labelNameProblems, subdomainProblems } from '../validation/names.ts'
import { checkStructure } from '../validation/structural-schema.ts'
import { builtInKind, nameColumn, objectSchema } from './built-in-kind.ts'

const string: Schema = { type: 'string' }

/** The finalizer under which a definition waits until its objects are gone. */
export const customResourceCleanup = 'customresourcecleanup.apiextensions.k8s.io'

export const customResourceDefinitions = builtInKind({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  hasStatus: true,
  hasGeneration: true,
  returnsDeletedObject: true,
  schema: objectSchema('CustomResourceDefinition represents a resource that should be exposed on the API server.', {
    spec: record({
      group: string,
      names: record({
        plural: string,
        singular: string,
        kind: string,
        listKind: string,
        shortNames: listOf(string),
        categories: listOf(string),
      }),
      scope: string,
      versions: listOf(
        record({
          name: string,
          served: { type: 'boolean' },
          storage: { type: 'boolean' },
          deprecated: { type: 'boolean' },
          deprecationWarning: string,
          schema: anything,
          subresources: anything,
          additionalPrinterColumns: listOf(anything),
          selectableFields: listOf(anything),
        }),
      ),
      conversion: anything,
      preserveUnknownFields: { type: 'boolean' },
    }),
    status: anything,
  }),
  columns: [
    nameColumn,
    {
      name: 'Created At',
      type: 'date',
      description: 'When the definition was created.',
      priority: 0,
      cell: (object) => object.metadata.creationTimestamp,
    },
  ],
  prepare: (object, { subresource }) => (subresource === undefined ? prepareDefinition(object) : object),
  validate: (object) => checkDefinition(object),
})

function prepareDefinition(object: ApiObject): ApiObject {
  const spec = objectAt(object, 'spec')
  const names = objectAt(spec, 'names')
  const kind = stringAt(names, 'kind')
  return {
    ...object,
    spec: {
      ...spec,
      names: {
        ...names,
        singular: stringAt(names, 'singular') || kind.toLowerCase(),
        listKind: stringAt(names, 'listKind') || `${kind}List`,
      },
      conversion: spec['conversion'] ?? { strategy: 'None' },
    },
  }
}

/**
 * The status of an accepted definition. A real server reaches it a moment later, by its own loop; here it is true at
 * once.
 */
export function establishedStatus(object: ApiObject, now: string): JsonObject {
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    lastTransitionTime: now,
    reason,
    message,
  })
  const storage = listAt(object, 'spec', 'versions').find((version) => valueAt(version, 'storage') === true)
  return {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: objectAt(object, 'spec', 'names'),
    storedVersions: [stringAt(storage, 'name')],
  }
}

function checkDefinition(object: ApiObject): FieldError[] {
  const spec = objectAt(object, 'spec')
  const group = stringAt(spec, 'group')
  const plural = stringAt(spec, 'names', 'plural')
  const errors: FieldError[] = []
  if (object.metadata.name !== `${plural}.${group}`) {
    errors.push(invalidValue('metadata.name', 'must be spec.names.plural+"."+spec.group', object.metadata.name))
  }
  if (group === '') errors.push(required('spec.group'))
  else errors.push(...subdomainProblems(group).map((problem) => invalidValue('spec.group', problem, group)))
  const scope = stringAt(spec, 'scope')
  if (scope === '') errors.push(required('spec.scope'))
  else if (scope !== 'Namespaced' && scope !== 'Cluster') {
    errors.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']))
  }
  if (stringAt(spec, 'names', 'kind') === '') errors.push(required('spec.names.kind'))
  if (plural === '') errors.push(required('spec.names.plural'))
  return [...errors, ...checkVersions(listAt(spec, 'versions'))]
}

function checkVersions(versions: readonly unknown[]): FieldError[] {
  const errors = versions.flatMap((version, index) => checkVersion(version, `spec.versions[${index}]`, versions.length))
  const names = versions.map((version) => stringAt(version, 'name'))
  names.forEach((name, index) => {
    if (names.indexOf(name) !== index) errors.push(duplicate(`spec.versions[${index}].name`, name))
  })
  if (versions.length === 0) return [required('spec.versions', 'at least one version is needed')]
  if (versions.filter((version) => valueAt(version, 'storage') === true).length !== 1) {
    errors.push(invalidValue('spec.versions', 'must have exactly one version marked as storage version', names))
  }
  return errors
}

function checkVersion(version: unknown, path: string, count: number): FieldError[] {
  const name = stringAt(version, 'name')
  const nameErrors = labelNameProblems(name).map((problem) => invalidValue(`${path}.name`, problem, name))
  const schema = valueAt(version, 'schema', 'openAPIV3Schema')
  if (!isObject(schema)) return [...nameErrors, required(`${path}.schema.openAPIV3Schema`)]
  // With a single version a real server moves the schema to the old top-level place and names that one.
  const place = count === 1 ? 'spec.validation.openAPIV3Schema' : `${path}.schema.openAPIV3Schema`
  const columns = checkColumns(version, count === 1 ? 'spec.' : `${path}.`)
  const structural = checkStructure(schema, place, true)
  if (structural.length > 0) return [...nameErrors, ...columns, ...structural]
  const rules = compileRules(schema as Schema).problems.map(({ path: below, message }) =>
    invalidValue(`${place}.${below}`, message),
  )
  return [...nameErrors, ...columns, ...rules]
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']

function checkColumns(version: unknown, place: string): FieldError[] {
  return listAt(version, 'additionalPrinterColumns').flatMap((column, index) => {
    const path = stringAt(column, 'jsonPath')
    const type = stringAt(column, 'type')
    const at = `${place}additionalPrinterColumns[${index}]`
    const problem = path.startsWith('.') ? jsonPathProblem(path) : 'must be a simple json path starting with .'
    const typeErrors = columnTypes.includes(type)
      ? []
      : [invalidValue(`${at}.type`, `must be one of ${columnTypes.join()}`, type)]
    return problem === undefined ? typeErrors : typeErrors.concat(invalidValue(`${at}.JSONPath`, problem, path))
  })
}

/**
 * A real server accepts paths that it then cannot print; here they are refused, because only a part of JSONPath is
 * read.
 */
function jsonPathProblem(path: string): string | undefined {
  try {
    compileJsonPath(path)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be read'
  }
}
