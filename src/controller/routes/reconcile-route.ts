import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiRouteKind } from '../../api/kind.ts'
import type { GeminiRouteStatus } from '../../api/route-status.ts'
import type { DynamicEndpointEntry } from '../../contract/keyring/entry.ts'
import type { ObjectKey } from '../../kubernetes/client.ts'
import type { ReconcileTurn } from '../../kubernetes/controller-loop.ts'
import { TransientError } from '../../kubernetes/errors.ts'
import { done, requeueAfter, type ReconcileResult } from '../../kubernetes/result.ts'
import type { CounterHandle } from '../../observability/metrics.ts'
import type { Failure } from '../facts/failure-class.ts'
import { isSameJson } from '../facts/same-json.ts'
import { spread } from '../facts/spread.ts'
import type { SinkResolution } from '../facts/sink-resolution.ts'
import type { WebhookContext } from '../observe/context.ts'
import { lookUpSinks } from '../observe/look-up-sinks.ts'
import { areCountsDue, areCountsNew, type ToldCounts } from '../reports/sink-counts.ts'
import { noSinkReports } from '../reports/sink-status.ts'
import { conditionOf } from '../status/kubernetes-events.ts'
import { composeSinks } from './compose-filter.ts'
import { judgeConsent, type Consent } from './consent.ts'
import { deleteSecretsOf, finishEndpoint, prepareEndpoint } from './route-endpoint.ts'
import { routeEntryFor, withEndpoint } from './route-entry.ts'
import { routeEvents, toRouteEvent } from './route-events.ts'
import { refOf } from './route-indices.ts'
import type { RouteMemories } from './route-memories.ts'
import { nextLookMs } from './next-look.ts'
import { summarizeRoute, type RouteFindings, type RouteReports } from './summarize-route.ts'
import { rehearseTelling, takeAway, tellReceivers } from './tell-receivers.ts'
import { viewConsent, type ConsentSources } from './view-consent.ts'

/** What the reconciles of all routes work with. */
export type RouteContext = Pick<
  WebhookContext,
  | 'client'
  | 'clock'
  | 'random'
  | 'config'
  | 'logger'
  | 'recorder'
  | 'secrets'
  | 'keyring'
  | 'areServicesWatched'
  | 'reportOf'
  | 'reports'
> &
  Omit<ConsentSources, 'config' | 'keyring' | 'routes'> & {
    routes: ConsentSources['routes'] & { get(key: ObjectKey): GeminiRoute | undefined }
    memories: RouteMemories
    /** Routes of that name that are gone and whose entries and Secrets may still be there. */
    gone: GoneRoutes
    statusWrites: CounterHandle
  }

/** Routes whose entries and Secrets are to be taken out, by their key. */
export interface GoneRoutes {
  of(key: ObjectKey): readonly GeminiRoute[]
  removed(key: ObjectKey, uid: string): void
}

/** Brings one route to what it should be. Level-based: only the key travels. */
export async function reconcileRoute(key: ObjectKey, ctx: RouteContext & ReconcileTurn): Promise<ReconcileResult> {
  await removeGone(key, ctx)
  const cached = ctx.routes.get(key)
  if (cached === undefined) return done()
  const route = ctx.memories.newest(cached)
  const view = viewConsent(route, ctx)
  const consent = judgeConsent(view)
  if (!(view.isNamespaceWatched && view.areWebhooksRead) && isLeftToAnother(route, consent, ctx)) return done()
  const webhook = ctx.webhooks.get(refOf(route))
  const taken = await takeAway(route, { consent, webhook }, ctx)
  passOn(taken)
  // What our receivers still have of it ends with the consent, whoever serves the webhook; its status is written there.
  // A change of either object brings the route back here.
  if (view.webhook?.service.state === 'elsewhere') {
    if (taken.failure !== undefined) throw transient(taken.failure)
    return done()
  }
  const sinks = await resolve(route, ctx)
  const bare = routeEntryFor(route, { consent, webhook, sinks, known: taken.told, nowMs: ctx.clock.now() })
  const rehearse = (dynamic: DynamicEndpointEntry) => rehearseTelling(withEndpoint(bare, dynamic), ctx)
  const prepared = await prepareEndpoint(route, { consent, webhook, known: taken.told, rehearse }, ctx)
  const entry = withEndpoint(bare, prepared.entry)
  const { told, failure } = taken.failure === undefined ? await tellReceivers(entry, taken.told, ctx) : taken
  passOn({ failure })
  const endpoint = failure === undefined ? await finishEndpoint(route, prepared, ctx) : prepared
  passOn(endpoint)
  const findings = {
    consent,
    webhook: asOfNow(webhook, ctx),
    sinks,
    endpoint,
    ...(failure !== undefined && { failure }),
    isKnown: told?.route?.webhookUid === webhook?.metadata.uid && told?.route?.refused !== true,
    reports: readReports(route, ctx),
  }
  const status = await publish(route, findings, ctx)
  for (const each of [failure, endpoint.failure]) if (each?.class === 'refused') throw transient(each)
  return requeueAfter(
    nextLookMs(status, {
      awaitsOthers: sinks.recheck === true,
      config: ctx.config,
      nowMs: ctx.clock.now(),
      resyncMs: spread(ctx.config.resyncIntervalMs, ctx.random),
    }),
  )
}

/**
 * Whether the webhook is Ready is told as it is by now: look-ups and the keyring may have taken seconds, and who tells
 * the routes of a change compares it with what they were told before.
 */
function asOfNow(webhook: GeminiWebhook | undefined, { webhooks }: RouteContext): GeminiWebhook | undefined {
  const latest = webhook && webhooks.get(webhook.metadata)
  return latest?.metadata.uid === webhook?.metadata.uid ? latest : webhook
}

/** What may pass by itself must not turn health checks red: it is tried again, and told nowhere but in the log. */
function passOn({ failure }: { failure?: Failure | undefined }): void {
  if (failure?.class === 'transient') throw transient(failure)
}

function transient({ reason, message, retryAfterMs }: Failure): TransientError {
  return new TransientError({ reason, message, retryAfterMs })
}

async function removeGone(key: ObjectKey, ctx: RouteContext & ReconcileTurn) {
  for (const route of ctx.gone.of(key)) {
    const { uid } = route.metadata
    await ctx.withoutWorker(() => ctx.keyring.remove(uid))
    await deleteSecretsOf(route, ctx)
    ctx.gone.removed(key, uid)
  }
}

/**
 * Of a webhook that is not seen here another operator may have more to say: what it has said of the route is left as it
 * is. That there is none is another message there, and two that both wrote their own would do so without end.
 */
function isLeftToAnother({ metadata, status }: GeminiRoute, consent: Consent, { keyring }: RouteContext): boolean {
  if (consent.type === 'attached' || keyring.entryOf(metadata.uid) !== undefined) return false
  const told = conditionOf(status, 'Accepted')
  return told !== undefined && told.message !== consent.message
}

/** The sinks, with Services, Secrets and other objects of the namespace of the route. */
async function resolve({ metadata, spec }: GeminiRoute, ctx: RouteContext): Promise<SinkResolution> {
  const composed = composeSinks(spec.filter, spec.sinks)
  const resolution = await lookUpSinks({ metadata, spec: { ...spec, sinks: composed.sinks } }, ctx)
  if (composed.problem === undefined || resolution.problem?.blocksRegistration === true) return resolution
  const message = `spec.filter.cel ${composed.problem}: correct it; deliveries of this route wait until then`
  return { ...resolution, problem: { reason: 'SinkInvalid', message, blocksRegistration: false } }
}

function readReports(route: GeminiRoute, ctx: RouteContext): RouteReports {
  const { uid } = route.metadata
  const report = ctx.reportOf(uid)
  const sinceWrittenMs = ctx.memories.sinceCountsMs(route)
  const told = { metadata: { uid }, status: countsOf(route.status) }
  return {
    report,
    sinks: ctx.reports?.sinks(uid) ?? noSinkReports,
    countsDue: areCountsDue(told, ctx, { report, sinceWrittenMs }),
  }
}

/** As the status of a webhook tells them. */
export function countsOf(status: GeminiRouteStatus | undefined): ToldCounts {
  return { delivery: { pending: status?.pending }, sinks: status?.sinks }
}

/** The one writer of the status: all of it under optimistic lock, and only when it differs. */
async function publish(route: GeminiRoute, findings: RouteFindings, ctx: RouteContext): Promise<GeminiRouteStatus> {
  const status = summarizeRoute(route, findings, ctx.clock.now())
  if (isSameJson(route.status, status)) return status
  const written = await ctx.client.replaceStatus<GeminiRoute>(geminiRouteKind, { ...route, status })
  ctx.statusWrites.add()
  ctx.memories.wrote(written, { counts: areCountsNew(countsOf(route.status), countsOf(status)) })
  const { namespace, name } = route.metadata
  for (const event of routeEvents(route.status, status)) {
    ctx.recorder.record(toRouteEvent(route, event))
    ctx.logger.info({ namespace, name, reason: event.reason, action: event.action, note: event.note }, 'route.changed')
  }
  return status
}
