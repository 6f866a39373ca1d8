import { completeTransform, deliveryPolicyOf, sinkFormatOf } from '../../api/defaults.ts'
import type { SinkSpec } from '../../api/sink.ts'
import { suspendedSink, type SinkStatus } from '../../api/status.ts'
import { shownAddress } from '../../contract/keyring/shown-address.ts'
import type { ResolvedSink, SinkFilter, SinkTransform } from '../../contract/keyring/entry.ts'
import { checkExpressions, type ExpressionChecks } from '../../filter/check-filter.ts'
import { deadLetterExpressionOf, expressionsIn, transformExpressionOf } from '../../filter/expression.ts'
import { resolveAuth } from './resolve-auth.ts'
import { resolveDestination } from './resolve-destination.ts'
import { serviceNamesIn } from '../facts/service-names.ts'
import type { DestinationLookups } from './resolve-service.ts'
import { ok } from '../../result.ts'
import { invalid, type Resolved } from '../facts/resolved.ts'
import { judgeTransform } from './judge-transform.ts'
import { urlKeysOf, type UrlKeys } from './sink-credentials.ts'
import type { SinkProblem, SinkResolution } from '../facts/sink-resolution.ts'
import { spellOut } from './spell-out.ts'

/**
 * What the receivers' keyring may carry for one object, credentials included; checked before anything is registered.
 */
const maxResolvedSinkBytes = 16 * 1024

export interface SinkLookups extends DestinationLookups {
  /** A watch shows every change of a Service, so that it need not be read again. */
  areServicesWatched: boolean
  /** How long what a sink has taken is kept; absent: not at all. */
  keepDeliveredMs?: number
}

/** What one sink is resolved with: what was looked up, and what depends on all sinks of its object. */
interface SinkSurroundings extends SinkLookups {
  checks: ExpressionChecks
  urlKeys: UrlKeys
}

/** A sink whose filter stands as receivers know it. */
interface SpelledSink extends SinkSpec {
  /** What the user gave of its expression. */
  readonly expressionField: 'filter' | 'filter.cel'
}

/**
 * Turns `spec.sinks` into what receivers can act on without an API server. Pure; the first problem explains the
 * condition.
 */
export function resolveSinks(given: readonly SinkSpec[], lookups: SinkLookups): SinkResolution {
  const sinks = given.map(spelledOut)
  const computing = sinks.map((sink) => ({ ...sink, deadLetterTransform: sink.deadLetter?.transform }))
  const surroundings = { ...lookups, checks: checkExpressions(expressionsIn(computing)), urlKeys: urlKeysOf(sinks) }
  const results = sinks.map((sink) => ({ sink, result: resolveSink(sink, surroundings) }))
  const isAwaited = results.some(({ sink, result }) => !result.ok && serviceNamesIn([sink]).length > 0)
  const recheck = isSettled(lookups) && !isAwaited ? {} : ({ recheck: true } as const)
  const resolved = results.flatMap(({ sink, result }) => (result.ok && sink.suspend !== true ? [result.value] : []))
  const status = results.map(({ sink, result }) => statusOf(sink, result))
  // Those that are suspended are counted, too: that they go on must not be what holds all the others.
  const size = Buffer.byteLength(JSON.stringify(results.flatMap(({ result }) => (result.ok ? [result.value] : []))))
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
  const held = results.flatMap(({ sink, result }) => (result.ok && sink.suspend !== true ? [] : [sink.name]))
  return { resolved, held, status, ...(problem !== undefined && { problem }), ...recheck }
}

function spelledOut(sink: SinkSpec): SpelledSink {
  const { filter } = sink
  const expressionField = filter?.cel === undefined ? 'filter' : 'filter.cel'
  return { ...sink, ...(filter !== undefined && { filter: spellOut(filter) }), expressionField }
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
  const address = shownAddress(result.value.destination)
  if (sink.suspend === true) return { name: sink.name, address, ready: false, reason: suspendedSink }
  return result.warning === undefined
    ? { name: sink.name, address, ready: true }
    : { name: sink.name, address, ready: false, reason: 'SinkInvalid' }
}

function resolveSink(sink: SpelledSink, lookups: SinkSurroundings): Resolved<ResolvedSink> {
  const field = `spec.sinks[${sink.name}]`
  const misused = judgeTransform(sink)
  if (misused !== undefined) return invalid(`${field}.${misused.field}: ${misused.message}`)
  const destination = resolveDestination(sink, field, lookups)
  if (!destination.ok) return destination
  const deadLetter = resolveDeadLetter(sink, field, lookups)
  if (!deadLetter.ok) return deadLetter
  const secured = resolveAuth(destination.value, sink.auth, field, lookups)
  if (!secured.ok) return secured
  const filter = sink.filter && resolveFilter(sink.filter, `${field}.${sink.expressionField}`, lookups.checks)
  const transform = sink.transform && resolveTransform(sink.transform, field, lookups.checks)
  const warning = filter?.warning ?? transform?.warning ?? destination.warning ?? deadLetter.warning
  const { keepDeliveredMs } = lookups
  return {
    ok: true,
    ...(warning !== undefined && { warning }),
    value: {
      name: sink.name,
      destination: secured.value.destination,
      ...(filter !== undefined && { filter: filter.value }),
      ...(transform !== undefined && { transform: transform.value }),
      format: sinkFormatOf(sink),
      ...secured.value.credentials,
      delivery: { ...deliveryPolicyOf(sink), ...(keepDeliveredMs !== undefined && { keepDeliveredMs }) },
      ...deadLetter.value,
    },
  }
}

function resolveDeadLetter(
  { deadLetter }: SinkSpec,
  field: string,
  lookups: SinkSurroundings,
): Resolved<Pick<ResolvedSink, 'deadLetter' | 'deadLetterAuth' | 'deadLetterTransform'>> {
  if (deadLetter === undefined) return ok({})
  const { transform } = deadLetter
  const check = transform && lookups.checks.get(deadLetterExpressionOf(transform))
  if (check?.ok === false) return invalid(`${field}.deadLetter.transform.body ${check.problem}: correct it`)
  const resolved = resolveDestination(deadLetter, `${field}.deadLetter`, lookups)
  if (resolved.ok) {
    const secured = resolveAuth(resolved.value, deadLetter.auth, `${field}.deadLetter`, lookups)
    if (!secured.ok) return secured
    const { destination, credentials } = secured.value
    const deadLetterAuth = deadLetter.auth === undefined ? {} : { deadLetterAuth: credentials }
    const deadLetterTransform = transform === undefined ? {} : { deadLetterTransform: completeTransform(transform) }
    return { ...resolved, value: { deadLetter: destination, ...deadLetterAuth, ...deadLetterTransform } }
  }
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
  return { value, warning: waitingFor(field, check.problem) }
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
