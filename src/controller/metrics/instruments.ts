import type { CounterHandle, HistogramHandle, Metrics } from '../../observability/metrics.ts'
import type { Clock } from '../../clock.ts'
import type { ConditionGauges } from './condition-counts.ts'
import type { ReportSource } from '../reports/read-reports.ts'
import { strandedInboxes } from '../reports/receiver-reports.ts'

export interface ControllerInstruments {
  actions: CounterHandle
  statusWrites: CounterHandle
  orphans: CounterHandle
  driftCorrections: CounterHandle
  timeToReady: HistogramHandle
}

/** Written out: the reference of metrics is generated from what stands here. */
const conditionGauges = {
  webhooks: {
    conditions: {
      name: 'gwh_controller_conditions',
      help: 'GeminiWebhooks by condition type and status.',
      labels: ['type', 'status'],
    },
    falseConditions: {
      name: 'gwh_controller_false_conditions',
      help: 'GeminiWebhooks whose condition is False, by condition type and reason.',
      labels: ['type', 'reason'],
    },
  },
  routes: {
    conditions: {
      name: 'gwh_controller_route_conditions',
      help: 'GeminiRoutes by condition type and status.',
      labels: ['type', 'status'],
    },
    falseConditions: {
      name: 'gwh_controller_route_false_conditions',
      help: 'GeminiRoutes whose condition is False, by condition type and reason.',
      labels: ['type', 'reason'],
    },
  },
}

/** Objects of a kind by what their conditions say. */
export function createConditionGauges(metrics: Metrics, kind: keyof typeof conditionGauges): ConditionGauges {
  const { conditions, falseConditions } = conditionGauges[kind]
  return { conditions: metrics.gauge(conditions), falseConditions: metrics.gauge(falseConditions) }
}

export function createRouteStatusWrites(metrics: Metrics): CounterHandle {
  return metrics.counter({
    name: 'gwh_controller_route_status_writes_total',
    help: 'Status updates of GeminiRoutes: none in steady state.',
  })
}

/** Made once per controller. */
export function exposeLeftObjects(metrics: Metrics, count: () => number): void {
  metrics.gauge({
    name: 'gwh_controller_left_objects',
    help: 'GeminiWebhooks that this installation leaves alone, because another installation serves them.',
    collect: count,
  })
}

/** Made once per controller. */
export function exposePause(metrics: Metrics, source: { readonly pause: unknown }): void {
  metrics.gauge({
    name: 'gwh_controller_paused',
    help: '1 while the whole installation is paused and no calls to Google are made, otherwise 0.',
    collect: () => (source.pause === undefined ? 0 : 1),
  })
}

/** Made once per controller. */
export function exposeSharedProjects(metrics: Metrics, count: () => number): void {
  metrics.gauge({
    name: 'gwh_controller_shared_project_namespaces',
    help: 'Namespaces whose webhooks share a Google project with those of another namespace, and so see its jobs. Only with warnSharedProject.',
    collect: count,
  })
}

/** Made once per controller. */
export function exposeUnmanaged(metrics: Metrics, count: () => number): void {
  metrics.gauge({
    name: 'gwh_controller_unmanaged_webhooks',
    help: 'Webhooks in the Google projects that no GeminiWebhook manages, at most 100 in each project; "gwh import" adopts them.',
    collect: count,
  })
}

/** Made once per controller. */
export function exposeKeyringUse(metrics: Metrics, keyring: { usedShare(): number }): void {
  metrics.gauge({
    name: 'gwh_controller_keyring_used_ratio',
    help: 'How full the fullest keyring Secret is, 0 to 1, including space for a rotation of each entry. From 0.89 on, a single namespace has used its share: no new object of it is registered whose entry would go there.',
    collect: () => keyring.usedShare(),
  })
}

export function createInstruments(metrics: Metrics): ControllerInstruments {
  return {
    actions: metrics.counter({
      name: 'gwh_controller_actions_total',
      help: 'Steps of plans that were carried out, by kind and outcome.',
      labels: ['action', 'outcome'],
    }),
    statusWrites: metrics.counter({
      name: 'gwh_controller_status_writes_total',
      help: 'Status updates of GeminiWebhooks: none in steady state.',
    }),
    orphans: metrics.counter({
      name: 'gwh_controller_orphans_total',
      help: 'Webhooks that may be left at Google because their API key was gone or their deletion was abandoned.',
    }),
    driftCorrections: metrics.counter({
      name: 'gwh_controller_drift_corrections_total',
      help: 'Fields of webhooks at Google that were changed there by another hand and were put back, by field.',
      labels: ['field'],
      known: [{ field: 'uri' }, { field: 'subscribedEvents' }, { field: 'name' }, { field: 'state' }],
    }),
    timeToReady: metrics.histogram({
      name: 'gwh_controller_time_to_ready_seconds',
      help: 'How long GeminiWebhooks were not Ready before they became Ready; for new ones, since their creation.',
      buckets: [1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400],
    }),
  }
}

export function createBackfillInstruments(metrics: Metrics): { backfilled: CounterHandle; runs: CounterHandle } {
  return {
    backfilled: metrics.counter({
      name: 'gwh_backfilled_events_total',
      help: 'Events of finished batches that Google had not delivered, and that the controller sent to the receivers.',
      known: [{}],
    }),
    runs: metrics.counter({
      name: 'gwh_controller_backfill_runs_total',
      help: 'Lists of batches that were made to find events that Google did not deliver, one for each API key and interval, by what came of them.',
      labels: ['outcome'],
      known: [{ outcome: 'done' }, { outcome: 'failed' }],
    }),
  }
}

/** Made once per controller. Called at each scrape. */
export function exposeStranded(
  reports: () => ReportSource,
  { clock, metrics }: { clock: Clock; metrics: Metrics },
): void {
  metrics.gauge({
    name: 'gwh_controller_stranded_deliveries',
    help: 'Deliveries on the volumes of receivers that are gone: nobody delivers them.',
    collect: () => strandedInboxes(reports(), clock.now()).reduce((sum, { pending }) => sum + pending, 0),
  })
}
