import type { SinkSpec } from '../../api/sink.ts'
import { isForbidden, type KubernetesClient, type ObjectKey } from '../../kubernetes/client.ts'
import {
  apiServerSlice,
  endpointSliceKind,
  sliceServiceLabel,
  type EndpointSlice,
} from '../../kubernetes/endpoint-slice.ts'
import { addressOf, type AddressableLookup } from '../sinks/addressable.ts'
import type { WorkingConfig } from '../config.ts'
import { failureOf } from '../facts/failure-class.ts'
import { addressesIn, factsOfAll, factsOfSlice, noEndpoints, type EndpointFacts } from '../sinks/endpoint-facts.ts'
import { externalNameOf, isJudgedAlone } from '../sinks/judge-service.ts'
import { serviceKind, type Service } from '../../kubernetes/core-kinds.ts'
import { found, missing } from '../facts/lookup.ts'
import { mayName, type ServiceLookup } from '../sinks/resolve-service.ts'
import { serviceOfHost } from '../facts/service-host.ts'
import { serviceNamesIn } from '../facts/service-names.ts'

/**
 * Slices of one Service that are looked at, 100 endpoints each by default and 1,000 at most; a Service of more is not
 * used, rather than judged by a part of it. Kubernetes makes slices of 100: these are 20,000 pods.
 */
const maxSlices = 200
/** At once: what comes after one that decides is not read. */
const pageSize = 20

interface LookUpDeps {
  client: Pick<KubernetesClient, 'get' | 'list'>
  config: Pick<WorkingConfig, 'clusterDomain' | 'addressableNamespaces' | 'allowForeignEndpoints'>
  namespace: string
}

/**
 * The Services that sinks of a namespace lead to, by `NAMESPACE/NAME`: those that they name, and those that referenced
 * objects name for them.
 */
export async function lookUpServices(
  sinks: readonly SinkSpec[],
  addressables: Iterable<AddressableLookup>,
  deps: LookUpDeps,
): Promise<ReadonlyMap<string, ServiceLookup>> {
  const { namespace, config } = deps
  const named = serviceNamesIn(sinks).map((name) => ({ namespace, name }))
  const published = [...addressables].flatMap((lookup) => serviceIn(publishedHost(lookup), config) ?? [])
  const scope = { namespace, addressableNamespaces: config.addressableNamespaces }
  const first = await readAll([...named, ...published.filter((key) => mayName(key.namespace, scope))], deps)
  const aliases = published.flatMap((key) => {
    const lookup = first.get(idOf(key))
    const alias = lookup?.state === 'found' ? externalNameOf(lookup.value.service) : undefined
    const target = serviceIn(alias, config)
    return target !== undefined && config.addressableNamespaces.includes(target.namespace) ? [target] : []
  })
  return new Map([...first, ...(await readAll(aliases, deps))])
}

function publishedHost(lookup: AddressableLookup): string | undefined {
  const address = lookup.state === 'found' ? addressOf(lookup.value) : undefined
  return address?.state === 'usable' ? new URL(address.url).hostname : undefined
}

function serviceIn(host: string | undefined, { clusterDomain }: LookUpDeps['config']): ObjectKey | undefined {
  return host === undefined ? undefined : serviceOfHost(host, clusterDomain)
}

async function readAll(
  keys: readonly ObjectKey[],
  { client, config }: LookUpDeps,
): Promise<Map<string, ServiceLookup>> {
  const distinct = new Map(keys.map((key) => [idOf(key), key]))
  const allowForeign = config.allowForeignEndpoints
  // They are no pods, so that without leave for others they are refused anyway.
  const denied = new Set(allowForeign && distinct.size > 0 ? await readApiServer(client) : [])
  const rules = { allowForeign, denied }
  return new Map(
    await Promise.all([...distinct].map(async ([id, key]) => [id, await readService(key, client, rules)] as const)),
  )
}

interface Rules {
  allowForeign: boolean
  denied: ReadonlySet<string>
}

/** Where the API servers listen; nothing where that may not be read, as with roles in single namespaces. */
async function readApiServer(client: LookUpDeps['client']): Promise<string[]> {
  const { namespace, name } = apiServerSlice
  const labelSelector = `${sliceServiceLabel}=${name}`
  const listed = client.list<EndpointSlice>(endpointSliceKind, { namespace, labelSelector, limit: maxSlices })
  return listed.then(({ items }) => addressesIn(items)).catch(() => [])
}

async function readService(key: ObjectKey, client: LookUpDeps['client'], rules: Rules): Promise<ServiceLookup> {
  try {
    const service = await client.get<Service>(serviceKind, key)
    if (service === undefined) return missing
    const isAlone = isJudgedAlone(service, rules.allowForeign)
    return found({ service, endpoints: isAlone ? noEndpoints : await readEndpoints(key, client, rules) })
  } catch (error) {
    return isForbidden(error) ? { state: 'forbidden' } : { state: 'failed', failure: failureOf(error) }
  }
}

/** Page by page, each slice as it comes, to the first that decides. */
async function readEndpoints(
  { namespace, name }: ObjectKey,
  client: LookUpDeps['client'],
  { allowForeign, denied }: Rules,
): Promise<EndpointFacts> {
  const facts: EndpointFacts[] = []
  let continueToken: string | undefined
  do {
    const page = await client.list<EndpointSlice, EndpointFacts>(endpointSliceKind, {
      namespace,
      labelSelector: `${sliceServiceLabel}=${name}`,
      limit: pageSize,
      keep: (slice) => factsOfSlice(slice, { namespace, denied }),
      ...(continueToken !== undefined && { continueToken }),
    })
    facts.push(...page.items)
    const all = factsOfAll(facts)
    if (all.leadsToApiServer || (!allowForeign && all.foreignSlice !== undefined)) return all
    continueToken = page.continueToken
  } while (continueToken !== undefined && facts.length < maxSlices)
  return { ...factsOfAll(facts), ...(continueToken !== undefined && { exceeds: maxSlices }) }
}

function idOf({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`
}
