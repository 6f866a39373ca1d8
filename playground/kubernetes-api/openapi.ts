import { createHash } from 'node:crypto'
import { sortedJson, type JsonObject } from './json.ts'
import type { Registry } from './registry.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { objectMetaSchema, type Schema } from './schema.ts'

const metaPackage = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })

/** `/openapi/v3`: where the document of each group and version is. The hash makes a changed document a new address. */
export function openApiIndex(registry: Registry): JsonObject {
  const paths: JsonObject = {}
  for (const [group, versions] of registry.groups()) {
    for (const version of versions) {
      const path = group === '' ? `api/${version}` : `apis/${group}/${version}`
      const hash = createHash('sha256')
        .update(sortedJson(openApiDocument(registry, group, version)))
        .digest('hex')
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash.toUpperCase()}` }
    }
  }
  return { paths }
}

/**
 * The OpenAPI v3 document of one group and version: the schemas that `kubectl explain` walks, and the paths and
 * parameters by which `kubectl apply` learns that the server validates fields itself. Undefined when nothing is served
 * there.
 */
export function openApiDocument(registry: Registry, group: string, version: string): JsonObject | undefined {
  const resources = registry.all().filter((one) => one.group === group && one.version === version)
  if (resources.length === 0) return undefined
  const schemas: JsonObject = {
    [`${metaPackage}.ObjectMeta`]: objectMetaSchema,
    [`${metaPackage}.ListMeta`]: listMetaSchema,
    [`${metaPackage}.Patch`]: { type: 'object', description: 'Patch is provided to give a concrete name and type.' },
  }
  for (const resource of resources) {
    schemas[schemaName(resource)] = objectSchema(resource)
    schemas[`${schemaName(resource)}List`] = listSchema(resource)
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'embedded' },
    paths: Object.assign({}, ...resources.map(pathsOf)) as JsonObject,
    components: { schemas },
  }
}

const listMetaSchema: Schema = {
  type: 'object',
  description: 'ListMeta describes metadata that lists have.',
  properties: {
    continue: { type: 'string' },
    remainingItemCount: { type: 'integer', format: 'int64' },
    resourceVersion: { type: 'string' },
  },
}

/** `com.example.v1alpha1.Widget`, `io.k8s.api.core.v1.Secret`. */
function schemaName({ group, version, kind, custom }: ResourceDefinition): string {
  if (custom) return `${group.split('.').toReversed().join('.')}.${version}.${kind}`
  const [first = ''] = group.split('.')
  return `io.k8s.api.${first === '' ? 'core' : first}.${version}.${kind}`
}

function groupVersionKind({ group, version, kind }: ResourceDefinition, suffix = ''): JsonObject {
  return { group, version, kind: `${kind}${suffix}` }
}

function objectSchema(resource: ResourceDefinition): JsonObject {
  return {
    ...resource.schema,
    properties: {
      ...resource.schema.properties,
      metadata: {
        description: "Standard object's metadata.",
        allOf: [reference(`${metaPackage}.ObjectMeta`)],
      },
    },
    'x-kubernetes-group-version-kind': [groupVersionKind(resource)],
  }
}

function listSchema(resource: ResourceDefinition): JsonObject {
  return {
    type: 'object',
    description: `${resource.kind}List is a list of ${resource.kind}`,
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      items: { type: 'array', items: reference(schemaName(resource)) },
      metadata: { allOf: [reference(`${metaPackage}.ListMeta`)] },
    },
    'x-kubernetes-group-version-kind': [groupVersionKind(resource, 'List')],
  }
}

function pathsOf(resource: ResourceDefinition): JsonObject {
  const { group, version, plural, namespaced } = resource
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const collection = namespaced ? `${base}/namespaces/{namespace}/${plural}` : `${base}/${plural}`
  const item = {
    get: operation(resource, 'get', []),
    put: operation(resource, 'put', writeParameters),
    patch: operation(resource, 'patch', [...writeParameters, queryParameter('force', 'boolean')]),
    delete: operation(resource, 'delete', [queryParameter('dryRun'), queryParameter('propagationPolicy')]),
  }
  return {
    [collection]: {
      get: operation(resource, 'list', [queryParameter('labelSelector'), queryParameter('fieldSelector')], 'List'),
      post: operation(resource, 'post', writeParameters),
    },
    [`${collection}/{name}`]: item,
    ...(resource.hasStatus && {
      [`${collection}/{name}/status`]: { get: item.get, put: item.put, patch: item.patch },
    }),
  }
}

function operation(resource: ResourceDefinition, action: string, parameters: JsonObject[], suffix = ''): JsonObject {
  const content = { 'application/json': { schema: reference(`${schemaName(resource)}${suffix}`) } }
  return {
    operationId: `${action}${resource.group.replaceAll(/\W/g, '')}${resource.version}${resource.kind}`,
    parameters,
    responses: { 200: { description: 'OK', content }, 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': groupVersionKind(resource),
  }
}

function queryParameter(name: string, type = 'string'): JsonObject {
  return { name, in: 'query', schema: { type, uniqueItems: true } }
}

const writeParameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => queryParameter(name))
