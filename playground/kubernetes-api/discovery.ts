import type { JsonObject } from './json.ts'
import type { Registry } from './registry.ts'
import type { ResourceDefinition } from './resource-definition.ts'

const objectVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const statusVerbs = ['get', 'patch', 'update']

/** The version that this server claims: that of the API whose behaviour it was compared with. */
export const versionInfo: JsonObject = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0+embedded',
  gitCommit: 'embedded',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'embedded',
}

export function coreVersions(): JsonObject {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
}

export function groupList(registry: Registry): JsonObject {
  const groups = [...registry.groups()].filter(([group]) => group !== '')
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.map(([name, versions]) => describeGroup(name, versions)),
  }
}

export function groupOf(registry: Registry, name: string): JsonObject | undefined {
  const versions = registry.groups().get(name)
  if (versions === undefined || name === '') return undefined
  return { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(name, versions) }
}

function describeGroup(name: string, versions: readonly string[]): JsonObject {
  const described = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: described, preferredVersion: described[0] }
}

export function resourceList(registry: Registry, group: string, version: string): JsonObject | undefined {
  const resources = registry.all().filter((one) => one.group === group && one.version === version)
  if (resources.length === 0) return undefined
  const groupVersion = group === '' ? version : `${group}/${version}`
  const described = resources.flatMap((one) => (one.hasStatus ? [describe(one), describeStatus(one)] : [describe(one)]))
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: described }
}

function describe(resource: ResourceDefinition): JsonObject {
  const { plural, singular, namespaced, kind, shortNames, categories } = resource
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbsOf(resource),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
  }
}

function verbsOf({ plural }: ResourceDefinition): string[] {
  return plural === 'namespaces' ? objectVerbs.filter((verb) => verb !== 'deletecollection') : objectVerbs
}

function describeStatus({ plural, namespaced, kind }: ResourceDefinition): JsonObject {
  return { name: `${plural}/status`, singularName: '', namespaced, kind, verbs: statusVerbs }
}

export const aggregatedContentType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** Whether a client asks for all groups and resources in one answer. */
export function wantsAggregated(accept: string | undefined): boolean {
  return (accept ?? '')
    .split(',')
    .some((entry) => entry.includes('as=APIGroupDiscoveryList') && /;\s*v=v2(;|$)/.test(entry.trim()))
}

/** Everything that is served, in one document: the core group under `/api`, the others under `/apis`. */
export function aggregatedDiscovery(registry: Registry, isCore: boolean): JsonObject {
  const items = [...registry.groups()]
    .filter(([group]) => (group === '') === isCore)
    .map(([group, versions]) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        resources: registry
          .all()
          .filter((one) => one.group === group && one.version === version)
          .map(describeAggregated),
        freshness: 'Current',
      })),
    }))
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items }
}

function describeAggregated(resource: ResourceDefinition): JsonObject {
  const { group, version, kind, plural, singular, namespaced, shortNames, categories, hasStatus } = resource
  const responseKind = { group, version, kind }
  return {
    resource: plural,
    responseKind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: verbsOf(resource),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(hasStatus && { subresources: [{ subresource: 'status', responseKind, verbs: statusVerbs }] }),
  }
}
