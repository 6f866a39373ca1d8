import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Clock } from '../../clock.ts'
import type { WebhookService } from '../../gemini/webhook-service.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import type { ReconcileTurn } from '../../kubernetes/controller-loop.ts'
import type { EventRecorder } from '../../kubernetes/event-recorder.ts'
import type { ObjectStore } from '../../kubernetes/store.ts'
import type { Logger } from '../../observability/logger.ts'
import type { WorkingConfig } from '../config.ts'
import type { ControllerInstruments } from '../metrics/instruments.ts'
import type { KeyringWriter } from '../keyring/keyring-writer.ts'
import type { BackfillRun, BackfillView } from '../facts/backfill-view.ts'
import type { InstallationView, ObservedWebhook, Pause } from '../facts/observed.ts'
import type { ProbeInTurn } from '../facts/probe.ts'
import type { ReceiverPresence } from '../facts/receiver-presence.ts'
import type { FoldedReport } from '../reports/receiver-reports.ts'
import type { RemoteIdentity } from '../facts/ownership.ts'
import type { RemoteObserver } from './remote-observer.ts'
import type { Rollouts } from './rollouts.ts'
import type { SharedProjects } from './shared-projects.ts'
import type { SecretReader } from './secret-reader.ts'
import type { SinkReportSource } from '../reports/sink-counts.ts'
import type { UnmanagedWebhooks } from './unmanaged-webhooks.ts'
import type { WebhookServicePool } from './webhook-service-pool.ts'

/** What every reconcile works with. */
export interface WebhookContext {
  client: KubernetesClient
  clock: Clock
  random: () => number
  config: WorkingConfig
  logger: Logger
  instruments: ControllerInstruments
  recorder: Pick<EventRecorder, 'record'>
  webhooks: Pick<ObjectStore<GeminiWebhook>, 'get' | 'list' | 'byIndex'>
  secrets: SecretReader
  keyring: KeyringWriter
  /** Whether every change of a Service, and of endpoints that no Service selects, brings its objects a pass. */
  areServicesWatched: () => boolean
  observer: RemoteObserver
  projects: Pick<SharedProjects, 'neighboursOf'>
  unmanaged: Pick<UnmanagedWebhooks, 'countOf'>
  pool: WebhookServicePool
  /** The webhook at Google that an object acts on, by its uid, as far as this process saw. */
  claimOf: (uid: string) => string | undefined
  installation: () => InstallationView
  /** Of the whole installation; undefined: not paused. */
  pause: () => Pause | undefined
  probe: ProbeInTurn
  rollouts: Pick<Rollouts, 'of'>
  reportOf: (uid: string) => FoldedReport | undefined
  /** Absent: nothing is known of when receivers ran. */
  presence?: () => ReceiverPresence
  /** How many routes name a webhook; undefined: not all of them are seen. Absent: nothing is known of routes. */
  routesOf?: (webhook: GeminiWebhook) => NonNullable<ObservedWebhook['routes']> | undefined
  /** Absent: nothing is known of sinks. */
  reports?: SinkReportSource
  /** Absent: nothing is known of runs. */
  backfill?: {
    viewOf(uid: string): BackfillView | undefined
    told(uid: string, runs: readonly BackfillRun[]): void
  }
}

/** What a pass observes with: it may wait without a worker for what it shares with others. */
export type TurnContext = WebhookContext & ReconcileTurn

/** How this object reaches Google: the service behind its API key. */
export interface RemoteAccess {
  service: WebhookService
  fingerprint: string
  identity: RemoteIdentity
}
