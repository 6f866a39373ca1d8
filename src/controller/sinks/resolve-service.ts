import type { Destination, ResolvedSink } from '../../contract/keyring/entry.ts'
import type { AddressableLookup } from './addressable.ts'
import type { CredentialsLookup } from './sink-credentials.ts'
import { externalNameOf, judgeService, type ServiceView } from './judge-service.ts'
import { missing, type Lookup } from '../facts/lookup.ts'
import { ok, problem } from '../../result.ts'
import { invalid, refuse, type Resolved } from '../facts/resolved.ts'
import { serviceOfHost } from '../facts/service-host.ts'

/** `forbidden`: the controller may not read the Service, or its EndpointSlices. */
export type ServiceLookup = Lookup<ServiceView> | { state: 'forbidden' }

export interface DestinationLookups {
  namespace: string
  /** DNS suffix of Service addresses; absent: names end in `.svc`. */
  clusterDomain: string | undefined
  /** By `NAMESPACE/NAME`. */
  services: ReadonlyMap<string, ServiceLookup>
  /** Services may lead elsewhere than to pods of their namespace. */
  allowForeign: boolean
  /** Besides its own, the namespaces whose Services a referenced object may name as its address. */
  addressableNamespaces: readonly string[]
  /** First tokens of every subject; absent: the installation offers no NATS sinks. */
  natsPrefix: string | undefined
  /** First tokens of every topic; absent: the installation offers no Kafka sinks. */
  kafkaPrefix: string | undefined
  /** By `refKeyOf`. */
  addressables: ReadonlyMap<string, AddressableLookup>
  /** Secrets, by name. */
  credentials: ReadonlyMap<string, CredentialsLookup>
  /** What the keyring says now: used for what cannot be read at the moment. */
  known: readonly ResolvedSink[]
}

export interface ServicePort {
  name: string
  namespace: string
  port: number
}

export interface Asked {
  field: string
  lookups: DestinationLookups
}

/** The destination with the address that the Service has now. A read that fails changes nothing of what is known. */
export function resolveUrlOfService(
  destination: HttpDestination,
  { name, namespace, port }: ServicePort,
  { field, lookups }: Asked,
): Resolved<Destination> {
  const where = `Service ${namespace}/${name}`
  const lookup = lookups.services.get(`${namespace}/${name}`) ?? missing
  switch (lookup.state) {
    case 'found':
      break
    case 'missing':
      return problem({
        reason: 'SinkInvalid',
        message: `${field}: ${where} does not exist: create it or correct the name`,
        awaited: true,
      })
    case 'forbidden':
    case 'failed': {
      const why =
        lookup.state === 'failed'
          ? `${where} could not be read; it is tried again`
          : `the controller may not read ${where}: grant its account the verb get on services and list on endpointslices.discovery.k8s.io`
      const known = knownFor(destination, lookups)
      return known === undefined
        ? refuse('SinkNotReady', `${field}: ${why}`)
        : { ...ok(known), ...(lookup.state === 'forbidden' && { warning: `${field}: ${why}` }) }
    }
  }
  const judged = judgeService(lookup.value, { port, allowForeign: lookups.allowForeign })
  switch (judged.state) {
    case 'usable':
      return ok({ ...destination, ...(judged.address !== undefined && { address: judged.address }) })
    case 'notReady':
      return refuse('SinkNotReady', `${field}: ${where} ${judged.problem}`)
    case 'unusable':
      return invalid(`${field}: ${where} ${judged.problem}`)
  }
}

/** What the receivers have for the same URL, of the same origin. */
function knownFor({ url, via }: HttpDestination, { known }: DestinationLookups): HttpDestination | undefined {
  return destinationsIn(known).find((each) => each.url === url && each.via === via && each.reach === 'cluster')
}

export function destinationsIn(known: readonly ResolvedSink[]): HttpDestination[] {
  return known
    .flatMap(({ destination, deadLetter }) => [destination, deadLetter])
    .filter((each): each is HttpDestination => each?.type === 'http')
}

export type HttpDestination = Extract<Destination, { type: 'http' }>

/**
 * Which Service, if any, an address means. An alias of one is followed once, as Knative's Channels and Services have
 * one for their real receiver.
 */
export function servicePortOf(
  href: string,
  lookups: Pick<DestinationLookups, 'clusterDomain' | 'services' | 'namespace' | 'addressableNamespaces'>,
): ServicePort | undefined {
  const url = new URL(href)
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const first = serviceOfHost(url.hostname, lookups.clusterDomain)
  if (first === undefined) return undefined
  const lookup = lookups.services.get(`${first.namespace}/${first.name}`)
  const alias = lookup?.state === 'found' ? externalNameOf(lookup.value.service) : undefined
  const second = alias === undefined ? undefined : serviceOfHost(alias, lookups.clusterDomain)
  // An alias into its own namespace is not followed: a user of that namespace could make it, and can name the Service
  // directly.
  const isFollowed = second !== undefined && lookups.addressableNamespaces.includes(second.namespace)
  return { ...(isFollowed ? second : first), port }
}

/** Whether a referenced object may have a Service of this namespace as its address. */
export function mayName(
  namespace: string,
  lookups: Pick<DestinationLookups, 'namespace' | 'addressableNamespaces'>,
): boolean {
  return namespace === lookups.namespace || lookups.addressableNamespaces.includes(namespace)
}
