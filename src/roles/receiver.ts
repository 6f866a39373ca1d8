import { createAdminServer } from '../admin/admin-server.ts'
import type { ReceiverConfig } from '../config/receiver-config.ts'
import { givenQuotas } from '../fairness/given-quotas.ts'
import { DeliveryFeed } from '../feed/delivery-feed.ts'
import { EventFeed } from '../feed/event-feed.ts'
import type { FeedEntry } from '../contract/feed-entry.ts'
import { envelopeReader, pingNames } from '../gemini/event-aliases.ts'
import { createUnknownCounter } from '../gemini/unknown-forms.ts'
import { unknownInEvent } from '../gemini/unknown-in-event.ts'
import type { Inbox, InboxOwner, NewEvent } from '../inbox/port.ts'
import { fetchThrough } from '../outbound/fetch-through.ts'
import { openOutbound } from '../outbound/open-outbound.ts'
import { createHealthServer, type ProbeResult } from '../observability/health-server.ts'
import { createReceiver, type Receiver } from '../receiver/create-receiver.ts'
import { EndpointActivity } from '../receiver/endpoint-activity.ts'
import { EndpointDirectory } from '../receiver/endpoint-directory.ts'
import type { ReceiverLimits } from '../receiver/limits.ts'
import { loadKeyringFiles } from '../receiver/load-keyring-files.ts'
import { createReportWriter } from '../receiver/report-writer.ts'
import { ServingCertificate } from '../receiver/serving-certificate.ts'
import { watchConfiguration } from '../receiver/watch-configuration.ts'
import type { Sink } from '../sinks/port.ts'
import { createJwksKeeper } from './create-jwks-keeper.ts'
import { keepTraces } from './keep-traces.ts'
import { openCluster } from './open-cluster.ts'
import { openInbox } from './open-inbox.ts'
import type { ProcessDeps, RoleDeps } from './process-deps.ts'
import { runRole } from './run-role.ts'
import { startDispatch } from './start-dispatch.ts'
import type { RunningRole } from './run-until-stopped.ts'

/** On top of the drain and `shutdownGrace`: the last report, closing the inbox. */
const stopMarginMs = 10_000

/** `gwh receiver`: serves until it is stopped. */
export function runReceiver(
  config: ReceiverConfig,
  described: Readonly<Record<string, string>>,
  context: ProcessDeps,
): Promise<number> {
  const { drainMs, shutdownGraceMs } = config
  const start = (deps: RoleDeps) => startReceiver(config, deps)
  const stopWithinMs = drainMs + shutdownGraceMs + stopMarginMs
  return runRole({ name: 'receiver', log: config, described, start, stopWithinMs }, context)
}

export interface RunningReceiver extends RunningRole {
  readonly port: number
  readonly healthPort: number
  readonly adminPort: number
  readonly inbox: Inbox
  /** Sends a dead letter again, now; false when there is none of this id. */
  replay(deliveryId: string): Promise<boolean>
  /** Looks at once for what is due, as after a step of the wall clock; otherwise within a minute. */
  lookAgain(): void
}

export interface ReceiverDeps extends RoleDeps {
  /** The sandbox stands in for the cluster's network here. */
  readonly wrapSink?: (sink: Sink) => Sink
  /**
   * How long writes of the inbox may wait for others, milliseconds, in place of what ships: where the clock stands
   * still, nothing may.
   */
  readonly gatherMs?: number
}

/**
 * Starts serving. Rejects when a port is taken, when the inbox cannot be opened, or when there is no usable kubeconfig.
 * The API server may be away: what is mounted is served, the watches catch up.
 */
export async function startReceiver(config: ReceiverConfig, deps: ReceiverDeps): Promise<RunningReceiver> {
  const { clock, random, logger, metrics } = deps
  const machinery = { clock, random, logger, metrics }
  const podName = config.podName ?? deps.hostname
  const quotas = givenQuotas(config.quotas)
  await using parts = new AsyncDisposableStack()
  // First, so that it ends last: what ends before it is part of traces.
  const tracing = await keepTraces(config, { ...deps, podName }, parts)
  const client = await openCluster(config, 'receiver', deps)
  parts.defer(() => client.close())
  let serving: Receiver | undefined
  const health = createHealthServer({
    host: config.healthHost,
    port: config.healthPort,
    metrics,
    readiness: () => readinessOf(serving),
    liveness: () => ({ ok: true }),
    logger,
  })
  const { port: healthPort } = await health.listen()
  parts.defer(() => health.close())

  const { promise: ended, resolve: onEnded } = Promise.withResolvers<string>()
  let nudgeDispatcher: (() => void) | undefined
  const onOthersWork = () => nudgeDispatcher?.()
  const told = { quotas, onEnded, onOthersWork, gatherMs: deps.gatherMs }
  const inbox = await openInbox(config, { clock, logger, metrics, podName, ...told })
  parts.defer(() => inbox.close())
  const toGoogle = openOutbound(config, { clock, connections: 2 })
  parts.defer(() => toGoogle.close())
  const publicKeys = createJwksKeeper(config.jwksUrl, { ...machinery, fetch: fetchThrough(toGoogle) })
  parts.defer(() => publicKeys.stop())
  const directory = new EndpointDirectory(() => publicKeys.start())

  if (config.keyringDir !== undefined) await loadKeyringFiles(config.keyringDir, directory, logger)
  const watch = watchConfiguration({
    client,
    operatorNamespace: config.namespace,
    ...(config.watchNamespaces.length > 0 && { watchNamespaces: config.watchNamespaces }),
    directory,
    ...machinery,
  })
  watch.start()
  parts.defer(() => watch.stop())

  const feed = new DeliveryFeed()
  const arrivals = new EventFeed()
  const onStep = (entry: FeedEntry) => feed.add(entry)
  const activity = new EndpointActivity()
  const dispatched = {
    onStep,
    onCopied: (copy: NewEvent) => arrivals.add(copy),
    onFull: ({ owner }: NewEvent) => activity.noteFull(owner.uid, clock.now()),
    onDelivered: ({ uid }: InboxOwner) => activity.noteDelivered(uid, clock.now()),
  }
  const used = { client, inbox, directory, podName, quotas, tracing }
  const dispatcher = startDispatch(config, { ...deps, ...used, ...dispatched }, parts)
  nudgeDispatcher = () => dispatcher.nudge()
  const onReplayed = (lanes: Iterable<string>) => dispatcher.probe(lanes)
  const beginHandover = async () => {
    void serving?.drain()
    await dispatcher.drain(config.shutdownGraceMs)
  }
  const isInboxShared = config.inbox === 'jetstream'
  const admin = createAdminServer({
    port: config.adminPort,
    clock,
    logger,
    version: deps.version,
    inbox,
    isInboxShared,
    underWay: () => dispatcher.underWay(),
    feed,
    arrivals,
    onReplayed,
    beginHandover,
  })
  const { port: adminPort } = await admin.listen()
  parts.defer(() => admin.close())
  const tls = await loadCertificate(config, machinery)
  if (tls !== undefined) parts.defer(() => tls.stop())
  const noteUnknown = createUnknownCounter({ metrics, logger })
  const receiver = createReceiver({
    ...(tls !== undefined && { tls }),
    trustedProxies: config.trustedProxies,
    directory,
    // What is stored through the dispatcher is begun at once where there is room.
    inbox: {
      append: async (event) => {
        const result = await dispatcher.append(event)
        if (result === 'stored') {
          arrivals.add(event)
          for (const unknown of unknownInEvent(event, config.eventAliases)) noteUnknown(unknown)
        }
        return result
      },
      get obstacle() {
        return inbox.obstacle
      },
    },
    clock,
    logger,
    metrics,
    parseEnvelope: envelopeReader(config.eventAliases),
    pingNames: pingNames(config.eventAliases),
    publicKeys,
    activity,
    onRequest: (entry) => feed.add(entry),
    ...(tracing !== undefined && { tracing }),
    limits: receiverLimits(config),
    pathPrefix: config.pathPrefix,
    quotas,
  })
  const reports = createReportWriter({
    client,
    namespace: config.namespace,
    podName,
    directory,
    activity,
    inbox,
    sinks: { states: () => dispatcher.sinkStates(), backlog: () => inbox.backlog() },
    ownInbox: !isInboxShared,
    clock,
    logger,
    metrics,
    intervalMs: config.reportIntervalMs,
  })
  reports.start()
  parts.defer(() => reports.stop())
  const { port } = await receiver.listen({ host: config.host, port: config.port })
  parts.defer(() => receiver.close())
  serving = receiver
  logger.info({ port, healthPort, adminPort, podName }, 'receiver.started')

  const running = parts.move()
  const stop = async () => {
    await receiver.drain()
    await running.disposeAsync()
  }
  const replay = async (deliveryId: string) => {
    const found = await inbox.replay(deliveryId)
    if (found) dispatcher.nudge()
    return found
  }
  return { port, healthPort, adminPort, inbox, replay, lookAgain: () => dispatcher.nudge(), stop, ended }
}

/** undefined: plain HTTP. The settings come both or not at all. */
async function loadCertificate(
  { tlsCert: certFile, tlsKey: keyFile }: ReceiverConfig,
  { clock, logger, metrics }: Pick<RoleDeps, 'clock' | 'logger' | 'metrics'>,
): Promise<ServingCertificate | undefined> {
  if (certFile === undefined || keyFile === undefined) return undefined
  return ServingCertificate.load({ certFile, keyFile, clock, logger, metrics })
}

function readinessOf(receiver: Receiver | undefined): ProbeResult {
  const { ready, why } = receiver?.readiness() ?? { ready: false, why: 'Starting' }
  return ready ? { ok: true } : { ok: false, why }
}

function receiverLimits(config: ReceiverConfig): Partial<ReceiverLimits> {
  return {
    maxBodyBytes: config.maxBodyBytes,
    maxHeldBodyBytes: config.maxUnverifiedBytes,
    maxConnections: config.maxConnections,
    appendTimeoutMs: config.appendTimeoutMs,
    drainMs: config.drainMs,
  }
}
