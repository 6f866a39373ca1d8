import type { ReceiverConfig } from '../config/receiver-config.ts'
import { createDispatcher, type Dispatcher } from '../dispatcher/dispatcher.ts'
import type { Quotas } from '../fairness/quotas.ts'
import { expressionsIn } from '../filter/expression.ts'
import { createFilterJudge } from '../filter/judge-filter.ts'
import { envelopeReader } from '../gemini/event-aliases.ts'
import type { StepEntry } from '../contract/feed-entry.ts'
import type { Inbox, InboxOwner, NewEvent } from '../inbox/port.ts'
import type { KubernetesClient } from '../kubernetes/client.ts'
import { createEventRecorder } from '../kubernetes/event-recorder.ts'
import { askRoutes } from '../receiver/ask-routes.ts'
import type { EndpointDirectory } from '../receiver/endpoint-directory.ts'
import { resolveSink } from '../receiver/resolve-sink.ts'
import { createRoutingSink } from '../routes/routing-sink.ts'
import type { Tracing } from '../tracing/port.ts'
import { createAddressRules } from '../sinks/address-guard.ts'
import { createHttpSink } from '../sinks/http-sink.ts'
import { createKubernetesEventSink } from '../sinks/kubernetes-event-sink.ts'
import { kafkaSinkAccess } from './kafka-sink-access.ts'
import { lazySink } from '../sinks/lazy-sink.ts'
import type { NatsSinkOptions } from '../sinks/nats-sink.ts'
import type { Sink } from '../sinks/port.ts'
import { rememberEnvelopes } from '../sinks/remember-envelopes.ts'
import { traceAttempts } from '../sinks/trace-attempts.ts'
import { routeByDestination } from '../sinks/route-by-destination.ts'
import { followApiServerEndpoints } from './api-server-endpoints.ts'
import type { RoleDeps } from './process-deps.ts'

interface DispatchDeps extends RoleDeps {
  readonly client: KubernetesClient
  readonly inbox: Inbox
  readonly directory: EndpointDirectory
  readonly podName: string
  readonly quotas: Quotas
  readonly onStep: (entry: StepEntry) => void
  /** Called with each copy of an event that a route got; must not throw. */
  readonly onCopied: (copy: NewEvent) => void
  /** Called with each copy that found its route full; must not throw. */
  readonly onFull: (copy: NewEvent) => void
  /** Called when a sink of a route has taken something; must not throw. */
  readonly onDelivered: (route: InboxOwner) => void
  readonly wrapSink?: (sink: Sink) => Sink
  readonly tracing: Tracing | undefined
}

/** Recorded about GeminiWebhooks as the sink of that name. */
const eventController = 'webhooks.gemini-operator.io/receiver'
/** Above any budget that an object can set (3,600 an hour), which is what limits these Events. */
const eventsPerObject = { ratePerSecond: 2, burst: 3_600 }

/** From the inbox to the sinks: what was stored before and what is stored from now on is sent. Ends with `parts`. */
export function startDispatch(config: ReceiverConfig, deps: DispatchDeps, parts: AsyncDisposableStack): Dispatcher {
  const {
    client,
    inbox,
    directory,
    podName,
    quotas,
    onStep,
    onCopied,
    onFull,
    onDelivered,
    wrapSink,
    tracing,
    clock,
    random,
    logger,
    metrics,
  } = deps
  const recorder = createEventRecorder({
    client,
    controller: eventController,
    instance: podName,
    perObject: eventsPerObject,
    clock,
    random,
    logger,
    metrics,
  })
  parts.defer(() => recorder.close())
  const addressRules = createAddressRules({
    allowedCidrs: config.allowedSinkCidrs,
    deniedCidrs: config.deniedSinkCidrs,
    allowLoopback: config.allowLoopbackSinks,
    // Everything is on this machine there, the API server included.
    apiServerHosts: config.allowLoopbackSinks ? [] : [client.serverHost],
    apiServerEndpoints: config.allowLoopbackSinks ? new Set() : followApiServerEndpoints({ client, clock }, parts),
    allowedPorts: config.allowedSinkPorts.map(Number),
  })
  const answerSeconds = metrics.counter({
    name: 'gwh_sink_answers_processor_seconds_total',
    help: 'CPU time of the main thread for reading the answers of HTTP sinks.',
  })
  const parseEnvelope = rememberEnvelopes(envelopeReader(config.eventAliases))
  const typeOf = (event: NewEvent) => parseEnvelope(event.body, event).type
  const sinks = routeByDestination({
    http: createHttpSink({
      parseEnvelope,
      clock,
      addressRules,
      onProcessorTime: (_namespace, ms) => answerSeconds.add(ms / 1_000),
    }),
    nats: lazySink(async () => {
      const { createNatsSink } = await import('../sinks/nats-sink.ts')
      return createNatsSink({ ...natsSinkAccess(config), parseEnvelope, clock, logger })
    }),
    kafka: lazySink(async () => {
      const { createKafkaSink } = await import('../sinks/kafka-sink.ts')
      return createKafkaSink({ ...kafkaSinkAccess(config), parseEnvelope, clock, logger })
    }),
    kubernetesEvent: createKubernetesEventSink({ recorder, parseEnvelope, clock, metrics }),
    routes: createRoutingSink({
      indexOf: (webhookUid) => directory.routesOf(webhookUid),
      typeOf,
      append: async (copy) => {
        const result = await dispatcher.append(copy)
        if (result === 'stored') onCopied(copy)
        return result
      },
      inbox,
      onFull,
      clock,
      logger,
      metrics,
    }),
  })
  parts.defer(() => sinks.close())
  const filters = createFilterJudge({
    expressionsOf: (ownerUid) => expressionsIn(directory.entryOf(ownerUid)?.sinks ?? []),
    weightOf: (namespace) => quotas.weightOf(namespace),
    aliases: config.eventAliases,
    clock,
    logger,
    metrics,
  })
  parts.defer(() => filters.close())
  const reached = wrapSink === undefined ? sinks : wrapSink(sinks)
  const dispatcher: Dispatcher = createDispatcher({
    inbox,
    sinks: tracing === undefined ? reached : traceAttempts(reached, { tracing, parseEnvelope }),
    resolveSink: (ownerUid, sinkName) => resolveSink(directory, ownerUid, sinkName),
    judgeFilter: filters.judge,
    clock,
    random,
    logger,
    metrics,
    maxInFlight: config.maxInFlight,
    quotas,
    onStep,
    ...(tracing !== undefined && { tracing }),
    routes: askRoutes(directory, { typeOf, onDelivered }),
  })
  dispatcher.start()
  parts.defer(() => dispatcher.drain(config.shutdownGraceMs))
  return dispatcher
}

/**
 * The subjects of the inbox are off limits even where both have a cluster of their own: the clusters may be merged
 * later.
 */
function natsSinkAccess(config: ReceiverConfig): Pick<NatsSinkOptions, 'access' | 'reservedPrefixes'> {
  const { natsSinkUrl: urls, natsSinkCredentials: credentialsFile, natsSinkCa: caFile, natsSubjectPrefix } = config
  const reservedPrefixes = [natsSubjectPrefix]
  if (urls.length === 0) return { reservedPrefixes }
  const files = { ...(credentialsFile !== undefined && { credentialsFile }), ...(caFile !== undefined && { caFile }) }
  return { access: { urls, ...files }, reservedPrefixes }
}
