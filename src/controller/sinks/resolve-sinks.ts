import { completeTransform, deliveryPolicyOf, sinkFormatOf } from '../../api/defaults.ts'
import type { SinkSpec } from '../../api/sink.ts'
import type { SinkStatus } from '../../api/status.ts'
import type { Destination, ResolvedSink, SinkFilter, SinkTransform } from '../../contract/keyring/entry.ts'
import { checkExpressions, type ExpressionChecks } from '../../filter/check-filter.ts'
import { expressionsIn, transformExpressionOf } from '../../filter/expression.ts'
import { resolveDestination } from './resolve-destination.ts'
import { serviceNamesIn } from '../facts/service-names.ts'
import type { DestinationLookups } from './resolve-service.ts'
import { ok } from '../../result.ts'
import { invalid, type Resolved } from '../facts/resolved.ts'
import { judgeTransform } from './judge-transform.ts'
import { blocksOf, readSinkTls } from './sink-tls.ts'
import { readSinkCredentials, type CredentialsLookup, type SinkCredentials } from './sink-credentials.ts'
import type { SinkProblem, SinkResolution } from '../facts/sink-resolution.ts'

/**
 * What the receivers' keyring may carry for one object, credentials included; checked before anything is registered.
 */
const maxResolvedSinkBytes = 16 * 1024

export interface SinkLookups extends DestinationLookups {
  credentials: ReadonlyMap<string, CredentialsLookup>
  /** A watch shows every change of a Service, so that it need not be read again. */
  areServicesWatched: boolean
}

/**
 * Turns `spec.sinks` into what receivers can act on without an API server. Pure; the first problem explains the
 * condition.
 */
export function resolveSinks(sinks: readonly SinkSpec[], lookups: SinkLookups): SinkResolution {
  const checks = checkExpressions(expressionsIn(sinks))
  const results = sinks.map((sink) => ({ sink, result: resolveSink(sink, lookups, checks) }))
  const isAwaited = results.some(({ sink, result }) => !result.ok && serviceNamesIn([sink]).length > 0)
  const recheck = isSettled(lookups) && !isAwaited ? {} : ({ recheck: true } as const)
  const resolved = results.flatMap(({ result }) => (result.ok ? [result.value] : []))
  const status = results.map(({ sink, result }) => statusOf(sink, result))
  const size = Buffer.byteLength(JSON.stringify(resolved))
  if (size > maxResolvedSinkBytes) {
    const message = `spec.sinks resolves to ${size} bytes, credentials and filters included; at most ${maxResolvedSinkBytes} fit: use fewer or smaller headers and filters, or spread the sinks over several objects`
    return {
      resolved: [],
      held: sinks.map(({ name }) => name),
      status,
      problem: { reason: 'CredentialsTooLarge', message, blocksRegistration: true },
      ...recheck,
    }
  }
  const problem = results.map(({ result }) => problemOf(result)).find((found) => found !== undefined)
  const held = results.flatMap(({ sink, result }) => (result.ok ? [] : [sink.name]))
  return { resolved, held, status, ...(problem !== undefined && { problem }), ...recheck }
}

/**
 * Whether nothing that the sinks refer to can change unseen: referenced objects may change their address at any time,
 * and Services are settled only where they are watched.
 */
function isSettled({ services, areServicesWatched, addressables, credentials }: SinkLookups): boolean {
  return (
    [...services.values()].every(({ state }) => areServicesWatched && state === 'found') &&
    [...addressables.values()].every(({ state }) => state === 'unlisted') &&
    [...credentials.values()].every(({ state }) => state !== 'failed')
  )
}

function problemOf(result: Resolved<ResolvedSink>): SinkProblem | undefined {
  if (!result.ok) {
    // What is awaited will be there, and its events are kept until then.
    return {
      reason: result.problem.reason,
      message: result.problem.message,
      blocksRegistration: result.problem.awaited !== true,
    }
  }
  if (result.warning === undefined) return undefined
  return { reason: 'SinkInvalid', message: result.warning, blocksRegistration: false }
}

function statusOf(sink: SinkSpec, result: Resolved<ResolvedSink>): SinkStatus {
  if (!result.ok) return { name: sink.name, ready: false, reason: result.problem.reason }
  const { destination } = result.value
  const address = addressIn(destination)
  return result.warning === undefined
    ? { name: sink.name, address, ready: true }
    : { name: sink.name, address, ready: false, reason: 'SinkInvalid' }
}

function addressIn(destination: Destination): string {
  switch (destination.type) {
    case 'http':
      return destination.url
    case 'nats':
      return `nats:${destination.subject}`
    case 'kubernetesEvent':
      return 'events.k8s.io'
  }
}

function resolveSink(sink: SinkSpec, lookups: SinkLookups, checks: ExpressionChecks): Resolved<ResolvedSink> {
  const field = `spec.sinks[${sink.name}]`
  const misused = judgeTransform(sink)
  if (misused !== undefined) return invalid(`${field}.${misused.field}: ${misused.message}`)
  const destination = resolveDestination(sink, field, lookups)
  if (!destination.ok) return destination
  const deadLetter = resolveDeadLetter(sink, field, lookups)
  if (!deadLetter.ok) return deadLetter
  const credentials = resolveCredentials(sink, field, lookups)
  if (!credentials.ok) return credentials
  const secured = secure(destination.value, sink, field, lookups)
  if (!secured.ok) return secured
  const filter = sink.filter && resolveFilter(sink.filter, field, checks)
  const transform = sink.transform && resolveTransform(sink.transform, field, checks)
  const warning = filter?.warning ?? transform?.warning ?? destination.warning ?? deadLetter.warning
  return {
    ok: true,
    ...(warning !== undefined && { warning }),
    value: {
      name: sink.name,
      ...secured.value,
      ...(filter !== undefined && { filter: filter.value }),
      ...(transform !== undefined && { transform: transform.value }),
      format: sinkFormatOf(sink),
      ...credentials.value,
      delivery: deliveryPolicyOf(sink),
      ...deadLetter.value,
    },
  }
}

function resolveDeadLetter(
  { deadLetter }: SinkSpec,
  field: string,
  lookups: SinkLookups,
): Resolved<Pick<ResolvedSink, 'deadLetter'>> {
  if (deadLetter === undefined) return ok({})
  const resolved = resolveDestination(deadLetter, `${field}.deadLetter`, lookups)
  if (resolved.ok) return { ...resolved, value: { deadLetter: resolved.value } }
  // A dead letter that cannot be handed on stays in the inbox: no reason to hold what the sink itself would take.
  const isLater = resolved.problem.awaited === true && deadLetter.service !== undefined
  return isLater ? { ...ok({}), warning: resolved.problem.message } : resolved
}

/**
 * A filter that cannot run only delays deliveries, since receivers hold them until it is corrected: leaving the sink
 * out would end them.
 */
function resolveFilter(
  { types, metadata, cel }: NonNullable<SinkSpec['filter']>,
  field: string,
  checks: ExpressionChecks,
): { value: SinkFilter; warning?: string } {
  const value: SinkFilter = {
    typesExact: types?.exact ?? [],
    typesPrefix: types?.prefix ?? [],
    ...(metadata?.exact !== undefined && { metadataExact: metadata.exact }),
    ...(metadata?.prefix !== undefined && { metadataPrefix: metadata.prefix }),
    ...(cel !== undefined && { cel }),
  }
  const check = cel === undefined ? undefined : checks.get(cel)
  if (check === undefined || check.ok) return { value }
  return { value, warning: waitingFor(`${field}.filter.cel`, check.problem) }
}

/** Likewise a transform: what it would make is not known, and the event as it came is not what the sink takes. */
function resolveTransform(
  spec: NonNullable<SinkSpec['transform']>,
  field: string,
  checks: ExpressionChecks,
): { value: SinkTransform; warning?: string } {
  const value = completeTransform(spec)
  const check = checks.get(transformExpressionOf(spec))
  if (check === undefined || check.ok) return { value }
  return { value, warning: waitingFor(`${field}.transform.body`, check.problem) }
}

function waitingFor(field: string, problem: string): string {
  return `${field} ${problem}: correct it; deliveries to this sink wait until then`
}

/**
 * The destination with the authorities and the client certificate of the sink; what is meant for TLS must not be
 * forgotten on a plain connection.
 */
function secure(
  destination: Destination,
  sink: SinkSpec,
  field: string,
  lookups: SinkLookups,
): Resolved<Pick<ResolvedSink, 'destination' | 'clientCertificate'>> {
  const ref = sink.auth?.tlsSecretRef
  if (ref === undefined) return ok({ destination })
  if (destination.type !== 'http' || !destination.url.startsWith('https:')) {
    return invalid(`${field}.auth.tlsSecretRef: the destination is not https: make it so, or remove tlsSecretRef`)
  }
  const tls = readSinkTls(lookups.credentials.get(ref.name))
  if (!tls.ok) return invalid(`${field}.auth.tlsSecretRef: ${tls.problem}`)
  const { clientCertificate } = tls.value
  // Each once: a destination that was taken from the keyring has those of the Secret already.
  const ca = [...new Set([destination.ca, tls.value.ca].flatMap((pem) => blocksOf(pem ?? '')))].join('\n')
  return ok({
    destination: { ...destination, ...(ca !== '' && { ca }) },
    ...(clientCertificate !== undefined && { clientCertificate }),
  })
}

function resolveCredentials(
  sink: SinkSpec,
  field: string,
  lookups: SinkLookups,
): Resolved<Pick<ResolvedSink, 'headers' | 'signingSecret'>> {
  const { headersSecretRef, signingSecretRef } = sink.auth ?? {}
  const headers = headersSecretRef && readSinkCredentials(lookups.credentials.get(headersSecretRef.name))
  if (headers?.ok === false) return invalid(`${field}.auth.headersSecretRef: ${headers.problem}`)
  const signing = signingSecretRef && readSinkCredentials(lookups.credentials.get(signingSecretRef.name))
  if (signing?.ok === false) return invalid(`${field}.auth.signingSecretRef: ${signing.problem}`)
  const signingSecret = signing?.value.signingSecret
  if (signing !== undefined && signingSecret === undefined) {
    return invalid(`${field}.auth.signingSecretRef: the Secret has no key signing-secret: add it`)
  }
  const sent: SinkCredentials['headers'] = headers?.value.headers ?? {}
  return ok({ headers: sent, ...(signingSecret !== undefined && { signingSecret }) })
}
