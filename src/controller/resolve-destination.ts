import { completeService, defaultEventsPerHour } from '../api/defaults.ts'
import { natsSubjectPattern } from '../api/field-types.ts'
import { destinationFieldNames } from '../api/sink.ts'
import type { SinkDestination, SinkNats, SinkRef, SinkService } from '../api/sink.ts'
import type { Destination, ResolvedSink } from '../keyring/entry.ts'
import { addressOf, refKeyOf, type AddressableLookup } from './addressable.ts'
import type { Service } from './kinds.ts'
import type { Lookup } from './lookup.ts'

export type SinkFault = 'SinkInvalid' | 'SinkNotReady' | 'SinkUnsupported'

/** A warning goes with what works, or will work as it is. */
export type Resolved<T> = { ok: true; value: T; warning?: string } | { ok: false; reason: SinkFault; message: string }

export interface DestinationSurroundings {
  namespace: string
  /** DNS suffix of Service addresses; absent: names end in `.svc`. */
  clusterDomain: string | undefined
  services: ReadonlyMap<string, Lookup<Service>>
  /** First tokens of every subject; absent: the installation offers no NATS sinks. */
  natsPrefix: string | undefined
  /** By `refKeyOf`. */
  addressables: ReadonlyMap<string, AddressableLookup>
  /** What the receivers are told now: stands in for what cannot be read at the moment. */
  known: readonly ResolvedSink[]
}

/** Where a sink, or a dead letter, goes. Pure. */
export function resolveDestination(
  from: SinkDestination,
  field: string,
  around: DestinationSurroundings,
): Resolved<Destination> {
  if (from.service !== undefined) return resolveService(from.service, `${field}.service`, around)
  if (from.uri !== undefined) return resolveUri(from.uri, `${field}.uri`)
  if (from.ref !== undefined) return resolveRef(from.ref, `${field}.ref`, around)
  if (from.kubernetesEvent !== undefined) {
    return ok({ type: 'kubernetesEvent', maxPerHour: from.kubernetesEvent.maxPerHour ?? defaultEventsPerHour })
  }
  if (from.nats !== undefined) return resolveNats(from.nats, `${field}.nats`, around)
  return invalid(`${field} has no destination: give exactly one of ${destinationFieldNames.join(', ')}`)
}

/** A type of Service that leads nowhere in particular is not used. */
export function isUsable(service: Lookup<Service>): boolean {
  return service.state === 'found' && service.value.spec?.type !== 'ExternalName'
}

/** The address follows from the name alone, so a Service that does not exist yet only delays deliveries; it loses none. */
function resolveService(service: SinkService, field: string, around: DestinationSurroundings): Resolved<Destination> {
  const { name, scheme, port, path } = completeService(service)
  const lookup = around.services.get(name)
  const where = `Service ${around.namespace}/${name}`
  if (lookup?.state === 'found' && !isUsable(lookup)) {
    return invalid(`${field}: ${where} is of type ExternalName, which could point anywhere: use uri instead`)
  }
  const suffix = around.clusterDomain === undefined ? '' : `.${around.clusterDomain}`
  const url = `${scheme}://${name}.${around.namespace}.svc${suffix}:${port}${path}`
  const warning =
    lookup?.state === 'missing' ? `${field}: ${where} does not exist: create it or correct the name` : undefined
  return { ...ok({ type: 'http', url, reach: 'cluster' }), ...(warning !== undefined && { warning }) }
}

function resolveUri(uri: string, field: string): Resolved<Destination> {
  const url = URL.parse(uri)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return invalid(`${field} is no http or https URL: correct it`)
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    return invalid(`${field} has userinfo or a fragment: remove it; credentials belong in auth.headersSecretRef`)
  }
  return ok({ type: 'http', url: url.href, reach: 'public' })
}

/** The placeholders stay: receivers fill them in for each event. A namespace is a DNS label, and so a token as it is. */
function resolveNats(nats: SinkNats, field: string, around: DestinationSurroundings): Resolved<Destination> {
  const { subject, acknowledgedBy = 'Stream' } = nats
  if (around.natsPrefix === undefined) {
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
  return ok({ type: 'nats', subject: `${around.natsPrefix}.${around.namespace}.${subject}`, acknowledgedBy })
}

/** Nothing is known of the address until the object tells it, so events wait meanwhile. A read that fails changes nothing of what is known. */
function resolveRef(ref: SinkRef, field: string, around: DestinationSurroundings): Resolved<Destination> {
  const key = refKeyOf(ref)
  const lookup = around.addressables.get(key) ?? { state: 'unlisted' }
  const where = `${ref.kind} ${around.namespace}/${ref.name}`
  switch (lookup.state) {
    case 'found':
      return resolveAddress(addressOf(lookup.value), { key, field, where })
    case 'missing':
      return refuse('SinkNotReady', `${field}: ${where} (${ref.apiVersion}) does not exist: create it`)
    case 'failed': {
      const known = around.known
        .flatMap(({ destination, deadLetter }) => [destination, deadLetter])
        .find((each) => each?.type === 'http' && each.via === key)
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
  { key, field, where }: { key: string; field: string; where: string },
): Resolved<Destination> {
  switch (address.state) {
    case 'usable': {
      const ca = address.ca === undefined ? {} : { ca: address.ca }
      return ok({ type: 'http', url: address.url, reach: 'cluster', via: key, ...ca })
    }
    case 'none':
      return refuse('SinkNotReady', `${field}: ${where} has no status.address.url yet: look at why it is not ready`)
    case 'unusable':
      return invalid(`${field}: the address in the status of ${where} ${address.problem}: correct that object`)
  }
}

export function ok<T>(value: T): { ok: true; value: T } {
  return { ok: true, value }
}

export function invalid(message: string): Extract<Resolved<never>, { ok: false }> {
  return refuse('SinkInvalid', message)
}

function refuse(reason: SinkFault, message: string): Extract<Resolved<never>, { ok: false }> {
  return { ok: false, reason, message }
}
