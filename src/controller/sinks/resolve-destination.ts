import { completeService, defaultEventsPerHour } from '../../api/defaults.ts'
import { natsSubjectPattern } from '../../api/field-types.ts'
import {
  destinationFieldNames,
  type SinkDestination,
  type SinkNats,
  type SinkRef,
  type SinkService,
  type SinkUriSecret,
} from '../../api/sink.ts'
import type { Destination } from '../../contract/keyring/entry.ts'
import { addressOf, refKeyOf } from './addressable.ts'
import { readDestinationUrl, readSecretUrl } from './destination-url.ts'
import { resolveKafka } from './resolve-kafka.ts'
import {
  destinationsIn,
  mayName,
  resolveUrlOfService,
  servicePortOf,
  type Asked,
  type DestinationLookups,
  type HttpDestination,
} from './resolve-service.ts'
import { ok } from '../../result.ts'
import { invalid, refuse, type Resolved } from '../facts/resolved.ts'

/** Where a sink, or a dead letter, goes. Pure. */
export function resolveDestination(
  from: SinkDestination,
  field: string,
  lookups: DestinationLookups,
): Resolved<Destination> {
  if (from.service !== undefined) return resolveService(from.service, `${field}.service`, lookups)
  if (from.uri !== undefined) return resolveUri(from.uri, `${field}.uri`)
  if (from.uriSecretRef !== undefined) return resolveUriSecret(from.uriSecretRef, `${field}.uriSecretRef`, lookups)
  if (from.ref !== undefined) return resolveRef(from.ref, `${field}.ref`, lookups)
  if (from.kubernetesEvent !== undefined) {
    return ok({ type: 'kubernetesEvent', maxPerHour: from.kubernetesEvent.maxPerHour ?? defaultEventsPerHour })
  }
  if (from.nats !== undefined) return resolveNats(from.nats, `${field}.nats`, lookups)
  if (from.kafka !== undefined) return resolveKafka(from.kafka, `${field}.kafka`, lookups)
  return invalid(`${field} has no destination: give exactly one of ${destinationFieldNames.join(', ')}`)
}

/**
 * Events wait while there is no Service, or none that may be used: its name alone could resolve to any address later.
 */
function resolveService(service: SinkService, field: string, lookups: DestinationLookups): Resolved<Destination> {
  const { name, scheme, port, path } = completeService(service)
  const { namespace, clusterDomain } = lookups
  const suffix = clusterDomain === undefined ? '' : `.${clusterDomain}`
  const url = `${scheme}://${name}.${namespace}.svc${suffix}:${port}${path}`
  return resolveUrlOfService({ type: 'http', url, reach: 'cluster' }, { name, namespace, port }, { field, lookups })
}

function resolveUri(uri: string, field: string): Resolved<Destination> {
  const url = readDestinationUrl(uri)
  return url.ok ? ok({ type: 'http', url: url.value, reach: 'public' }) : invalid(`${field} ${url.problem}`)
}

/** Guarded as a `uri` is: who may write Secrets is not trusted more. */
function resolveUriSecret(from: SinkUriSecret, field: string, lookups: DestinationLookups): Resolved<Destination> {
  const url = readSecretUrl(from, lookups.credentials.get(from.name))
  if (!url.ok) return invalid(`${field}: ${url.problem}`)
  return ok({ type: 'http', url: url.value, isSecret: true, reach: 'public' })
}

/**
 * The placeholders stay: receivers fill them in for each event. A namespace is a DNS label, and so a token as it is.
 */
function resolveNats(nats: SinkNats, field: string, lookups: DestinationLookups): Resolved<Destination> {
  const { subject, acknowledgedBy = 'Stream' } = nats
  if (lookups.natsPrefix === undefined) {
    return refuse(
      'SinkUnsupported',
      `${field}: this installation has no NATS servers for sinks: configure them (natsSinks of the chart), or use another kind of sink`,
    )
  }
  if (!natsSubjectPattern.test(subject)) {
    return invalid(
      `${field}.subject has something else than tokens of letters, digits, hyphens, underscores and placeholders: correct it`,
    )
  }
  return ok({ type: 'nats', subject: `${lookups.natsPrefix}.${lookups.namespace}.${subject}`, acknowledgedBy })
}

/**
 * The address is unknown until the object publishes it, so events wait meanwhile. A read that fails changes nothing of
 * what is known.
 */
function resolveRef(ref: SinkRef, field: string, lookups: DestinationLookups): Resolved<Destination> {
  const key = refKeyOf(ref)
  const lookup = lookups.addressables.get(key) ?? { state: 'unlisted' }
  const where = `${ref.kind} ${lookups.namespace}/${ref.name}`
  switch (lookup.state) {
    case 'found':
      return resolveAddress(addressOf(lookup.value), { key, where }, { field, lookups })
    case 'missing':
      return refuse('SinkNotReady', `${field}: ${where} (${ref.apiVersion}) does not exist: create it`)
    case 'failed': {
      const known = destinationsIn(lookups.known).find(({ via }) => via === key)
      if (known !== undefined) return ok(known)
      return refuse('SinkNotReady', `${field}: ${where} could not be read; it is tried again`)
    }
    case 'unlisted':
      return refuse(
        'SinkUnsupported',
        `${field}: ${ref.kind} of ${ref.apiVersion} is no kind that this installation offers: add ${ref.apiVersion}/${ref.kind}=PLURAL to its addressableKinds`,
      )
    case 'forbidden':
      return refuse(
        'SinkUnsupported',
        `${field}: the controller may not read ${where} (${ref.apiVersion}): grant its account the verb get on that kind`,
      )
  }
}

function resolveAddress(
  address: ReturnType<typeof addressOf>,
  { key, where }: { key: string; where: string },
  { field, lookups }: Asked,
): Resolved<Destination> {
  switch (address.state) {
    case 'usable': {
      const ca = address.ca === undefined ? {} : { ca: address.ca }
      const destination: HttpDestination = { type: 'http', url: address.url, reach: 'public', via: key, ...ca }
      return resolvePublished(destination, where, { field, lookups })
    }
    case 'none':
      return refuse('SinkNotReady', `${field}: ${where} has no status.address.url yet: look at why it is not ready`)
    case 'unusable':
      return invalid(`${field}: the address in the status of ${where} ${address.problem}: correct that object`)
  }
}

/**
 * An address that an object published is judged like one that a user wrote: it is public, or the installation allows
 * its range. Only Services of its own namespace, and of those that the installation names, are reached inside the
 * cluster, at the address that they have now.
 */
function resolvePublished(
  destination: HttpDestination,
  where: string,
  { field, lookups }: Asked,
): Resolved<Destination> {
  const target = servicePortOf(destination.url, lookups)
  if (target === undefined) return ok(destination)
  if (!mayName(target.namespace, lookups)) {
    return refuse(
      'SinkUnsupported',
      `${field}: ${where} names Service ${target.namespace}/${target.name} as its address: add ${target.namespace} to addressableNamespaces of the installation`,
    )
  }
  return resolveUrlOfService({ ...destination, reach: 'cluster' }, target, { field, lookups })
}
