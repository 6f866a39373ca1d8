import type { CounterHandle, HistogramHandle, Metrics } from '../observability/metrics.ts'

export interface FilterMetrics {
  readonly evaluations: CounterHandle
  readonly transforms: CounterHandle
  readonly evaluationSeconds: HistogramHandle
  readonly waitSeconds: HistogramHandle
  readonly workersEnded: CounterHandle
}

const evaluationEnds = ['wanted', 'unwanted', 'failed', 'invalid', 'overran', 'stalled', 'crashed', 'noTurn', 'paused']
const transformEnds = ['made', 'invalid', 'expressionFailed', 'notJson', 'notText', 'resultTooLarge', 'eventTooLarge']
const workerEnds = ['overran', 'stalled', 'crashed', 'full', 'notStarted']

/** Made once per judge: a gauge that is asked may be made only once per registry. */
export function createFilterMetrics(metrics: Metrics, waiting: () => number): FilterMetrics {
  metrics.gauge({
    name: 'gwh_filter_evaluations_waiting',
    help: 'Events that wait for the evaluation of a filter.',
    collect: waiting,
  })
  return {
    evaluations: metrics.counter({
      name: 'gwh_filter_evaluations_total',
      help: 'Evaluations of filters in the threads for filters, by outcome: overran, stalled and crashed ones were interrupted; noTurn and paused ones were postponed.',
      labels: ['outcome'],
      known: evaluationEnds.map((outcome) => ({ outcome })),
    }),
    transforms: metrics.counter({
      name: 'gwh_transforms_total',
      help: 'Runs of transforms in the threads for filters, by outcome: made, or why there was no result.',
      labels: ['outcome'],
      known: transformEnds.map((outcome) => ({ outcome })),
    }),
    evaluationSeconds: metrics.histogram({
      name: 'gwh_filter_evaluation_processor_seconds',
      help: 'CPU time of one evaluation of a filter, in the threads for filters.',
      labels: [],
      buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 10],
    }),
    waitSeconds: metrics.histogram({
      name: 'gwh_filter_wait_seconds',
      help: 'Time that an event waited for the evaluation of a filter.',
      labels: [],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    }),
    workersEnded: metrics.counter({
      name: 'gwh_filter_workers_ended_total',
      help: 'Threads for filters that were stopped or died and were replaced, by reason.',
      labels: ['why'],
      known: workerEnds.map((why) => ({ why })),
    }),
  }
}
