import { leaderLeaseName } from '../api/names.ts'
import type { ControllerConfig } from '../config/controller-config.ts'
import { fixedNumbers } from '../controller/config.ts'
import { createBackfillSender } from '../controller/backfill/send-event.ts'
import { createWebhookController, type WebhookController } from '../controller/controller.ts'
import { createEndpointProbe } from '../controller/observe/probe-endpoint.ts'
import { createUnknownCounter, type NoteUnknown } from '../gemini/unknown-forms.ts'
import { createWebhookServiceOpener, type WebhookServiceOpener } from '../gemini/webhook-service-opener.ts'
import { createEventRecorder } from '../kubernetes/event-recorder.ts'
import { createLeaseElector, leadingGauge } from '../kubernetes/lease-elector.ts'
import { fetchThrough } from '../outbound/fetch-through.ts'
import { openOutbound } from '../outbound/open-outbound.ts'
import { createHealthServer, type ProbeResult } from '../observability/health-server.ts'
import { openCluster } from './open-cluster.ts'
import type { ProcessDeps, RoleDeps } from './process-deps.ts'
import { runRole } from './run-role.ts'
import { aborted, type RunningRole } from './run-until-stopped.ts'

const eventController = 'webhooks.gemini-operator.io/controller'
/** On top of `shutdownGrace`, which is for the work: giving back the Lease, writing the last Events. */
const stopMarginMs = 10_000

/**
 * `gwh controller`: runs until it is stopped, or until it loses its Lease; then the process ends, and a new one
 * competes for the Lease again.
 */
export async function runController(
  config: ControllerConfig,
  described: Readonly<Record<string, string>>,
  context: ProcessDeps,
): Promise<number> {
  const { shutdownGraceMs } = config
  const start = (deps: RoleDeps) => startController(config, deps)
  return runRole(
    { name: 'controller', log: config, described, start, stopWithinMs: shutdownGraceMs + stopMarginMs },
    context,
  )
}

export interface RunningController extends RunningRole {
  readonly healthPort: number
  /** Looks at all objects at once, as after a step of the wall clock; otherwise at the next resync of each. */
  lookAgain(): void
}

interface ControllerDeps extends RoleDeps {
  /** All deliveries go to one receiver, however many run: so it is in the sandbox. */
  oneReceives?: boolean
}

/** Starts the controller, or competes for the Lease. Rejects when a port is taken or there is no usable kubeconfig. */
export async function startController(config: ControllerConfig, deps: ControllerDeps): Promise<RunningController> {
  const { clock, random, logger, metrics, hostname, oneReceives = false } = deps
  await using parts = new AsyncDisposableStack()
  const client = await openCluster(config, 'controller', deps)
  parts.defer(() => client.close())
  const recorder = createEventRecorder({ client, controller: eventController, instance: hostname, ...deps })
  parts.defer(() => recorder.close())
  const endpointProbe = createEndpointProbe({ clock, random, way: config })
  parts.defer(() => endpointProbe.close())
  const backfillSender = createBackfillSender({ clock, receiverUrl: config.receiverUrl, way: config })
  parts.defer(() => backfillSender.close())
  const toGoogle = openOutbound(config, { clock })
  parts.defer(() => toGoogle.close())

  let leading: WebhookController | undefined
  const { host, port } = { host: config.healthHost, port: config.healthPort }
  const readiness = (): ProbeResult =>
    leading === undefined || leading.hasSynced() ? { ok: true } : { ok: false, why: 'waiting for the first lists' }
  const health = createHealthServer({ host, port, metrics, readiness, liveness: () => ({ ok: true }), logger })
  const { port: healthPort } = await health.listen()
  parts.defer(() => health.close())

  // Before it leads, so that the metric is there from the start.
  const onUnknown = createUnknownCounter({ metrics, logger })
  const work = async (signal: AbortSignal): Promise<void> => {
    const openWebhookService = openServices(config, { clock, metrics, fetch: fetchThrough(toGoogle), onUnknown })
    const controller = createWebhookController({
      client,
      clock,
      random,
      logger,
      metrics,
      recorder,
      probe: endpointProbe.probe,
      sendBackfill: backfillSender.send,
      openWebhookService,
      shareBudget: openWebhookService.shareBudget,
      config: { ...config, ...fixedNumbers },
      oneReceives,
    })
    leading = controller
    logger.info({}, 'controller.leading')
    await controller.start(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    await aborted(signal)
    await controller.stop()
  }
  const stopping = new AbortController()
  const working = config.leaderElection ? await elect(config, deps, work) : leadAlone(work, deps)
  const worked = working(stopping.signal)
  parts.defer(() => {
    stopping.abort()
    return worked
  })
  logger.info({ healthPort, leaderElection: config.leaderElection }, 'controller.started')

  const running = parts.move()
  const lookAgain = () => leading?.lookAgain()
  return { healthPort, lookAgain, stop: () => running.disposeAsync(), ended: endOf(worked, stopping.signal, deps) }
}

/**
 * The same work, done only while this process holds the Lease. The elector has a client of its own: a flood of other
 * calls must not delay renewals.
 */
async function elect(
  config: ControllerConfig,
  deps: RoleDeps,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<(signal: AbortSignal) => Promise<void>> {
  const client = await openCluster(config, 'lease', deps)
  const elector = createLeaseElector({
    client,
    key: { namespace: config.namespace, name: leaderLeaseName },
    // Two processes on one machine must not have the same identity.
    identity: `${deps.hostname}-${Math.floor(deps.random() * 2 ** 40).toString(36)}`,
    onStartedLeading: work,
    leaseDurationMs: config.leaseDurationMs,
    renewDeadlineMs: config.leaseRenewDeadlineMs,
    retryPeriodMs: config.leaseRetryPeriodMs,
    ...deps,
  })
  return async (signal) => {
    try {
      await elector.run(signal)
    } finally {
      await client.close()
    }
  }
}

/** Without a Lease this process is the one that leads, for as long as it works. */
function leadAlone(
  work: (signal: AbortSignal) => Promise<void>,
  { metrics }: RoleDeps,
): (signal: AbortSignal) => Promise<void> {
  const leading = leadingGauge(metrics)
  return async (signal) => {
    leading.set(1)
    try {
      await work(signal)
    } finally {
      leading.set(0)
    }
  }
}

/** Settles only when the work ends without having been asked to. */
function endOf(worked: Promise<void>, stopping: AbortSignal, { logger }: RoleDeps): Promise<string> {
  return new Promise((resolve) => {
    worked.then(
      () => stopping.aborted || resolve('the Lease was lost; another controller may be active'),
      (error: unknown) => {
        logger.error({ error }, 'controller.failed')
        resolve('the controller failed')
      },
    )
  })
}

function openServices(
  config: ControllerConfig,
  {
    clock,
    metrics,
    fetch,
    onUnknown,
  }: Pick<RoleDeps, 'clock' | 'metrics'> & { fetch: typeof globalThis.fetch; onUnknown: NoteUnknown },
): WebhookServiceOpener {
  return createWebhookServiceOpener({
    baseUrl: config.googleBaseUrl,
    apiVersion: config.googleApiVersion,
    timeoutMs: config.callTimeoutMs,
    ...(config.googleApiRevision !== undefined && { headers: { 'Api-Revision': config.googleApiRevision } }),
    budget: { callsPerSecond: config.callsPerMinute / 60 },
    clock,
    metrics,
    fetch,
    onUnknown,
  })
}
