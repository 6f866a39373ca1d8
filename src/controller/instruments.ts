import type { CounterHandle, Metrics } from '../observability/metrics.ts'

export interface ControllerInstruments {
  actions: CounterHandle
  statusWrites: CounterHandle
  orphans: CounterHandle
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
  }
}
