import type { CounterHandle, GaugeHandle, HistogramHandle, Metrics } from '../observability/metrics.ts'

export interface ControllerInstruments {
  actions: CounterHandle
  statusWrites: CounterHandle
  orphans: CounterHandle
  timeToReady: HistogramHandle
}

/** Objects by condition type and status. */
export function createConditionGauge(metrics: Metrics): GaugeHandle {
  return metrics.gauge({
    name: 'gwh_controller_conditions',
    help: 'GeminiWebhooks by condition type and status.',
    labels: ['type', 'status'],
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
    timeToReady: metrics.histogram({
      name: 'gwh_controller_time_to_ready_seconds',
      help: 'How long GeminiWebhooks that became Ready had not been so, from their creation for new ones.',
      buckets: [1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400],
    }),
  }
}
