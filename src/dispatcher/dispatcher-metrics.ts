import { deadLetterReasons } from '../inbox/port.ts'
import type { CounterHandle, HistogramHandle, Metrics } from '../observability/metrics.ts'

export interface DispatcherMetrics {
  readonly attempts: CounterHandle
  readonly attemptSeconds: HistogramHandle
  readonly deliverySeconds: HistogramHandle
  readonly sinceSentSeconds: HistogramHandle
  readonly deadLetters: CounterHandle
  readonly deadLettersForwarded: CounterHandle
  readonly settled: CounterHandle
  readonly inboxFailures: CounterHandle
  readonly hurried: CounterHandle
}

/** Read at scrape time. */
export interface DispatcherGauges {
  inFlight: () => number
  waiting: () => number
  /** What the namespace that has most has of each total, 0 to 1. */
  largestShares: () => Readonly<Record<'attempts' | 'bodies', number>>
  refusingSinks: () => number
  failingSinks: () => number
}

const deliveryBuckets = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3600, 21_600, 86_400]

/** Made once per dispatcher: a gauge that is asked may be made only once per registry. */
export function createDispatcherMetrics(metrics: Metrics, gauges: DispatcherGauges): DispatcherMetrics {
  metrics.gauge({
    name: 'gwh_deliveries_in_flight',
    help: 'Attempts in flight.',
    collect: gauges.inFlight,
  })
  metrics.gauge({
    name: 'gwh_deliveries_waiting',
    help: 'Deliveries taken from the inbox that wait for their sink to have room.',
    collect: gauges.waiting,
  })
  metrics.collectedGauge({
    name: 'gwh_largest_share_ratio',
    help: 'The largest share that one namespace uses for its weight, 0 to 1: of attempts in flight, of memory for their bodies, and of memory for waiting bodies. `gwh inbox` names it.',
    labels: ['resource'],
    collect: () => Object.entries(gauges.largestShares()).map(([resource, value]) => ({ value, labels: { resource } })),
  })
  metrics.gauge({
    name: 'gwh_sink_circuits_open',
    help: 'Sinks to which nothing is sent because they refused our credentials.',
    collect: gauges.refusingSinks,
  })
  metrics.gauge({
    name: 'gwh_sinks_failing',
    help: 'Sinks that get only probes for now, because many different deliveries failed there in a row.',
    collect: gauges.failingSinks,
  })
  return {
    attempts: metrics.counter({
      name: 'gwh_delivery_attempts_total',
      help: 'Attempts to deliver an event to a sink by how they ended.',
      labels: ['sink_type', 'outcome'],
    }),
    attemptSeconds: metrics.histogram({
      name: 'gwh_delivery_attempt_duration_seconds',
      help: 'Time of one attempt.',
      labels: ['sink_type'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    }),
    deliverySeconds: metrics.histogram({
      name: 'gwh_delivery_duration_seconds',
      help: 'Time from storing an event until the sink accepted it, including retries, without replays.',
      labels: ['sink_type'],
      buckets: deliveryBuckets,
    }),
    sinceSentSeconds: metrics.histogram({
      name: 'gwh_delivery_since_sent_seconds',
      help: "Time from the sender's timestamp, which has whole seconds, until the sink accepted the event, including retries, without replays.",
      labels: ['sink_type'],
      buckets: deliveryBuckets,
    }),
    deadLetters: metrics.counter({
      name: 'gwh_dead_letters_total',
      help: 'Deliveries that were given up.',
      labels: ['reason'],
      known: deadLetterReasons.map((reason) => ({ reason })),
    }),
    deadLettersForwarded: metrics.counter({
      name: 'gwh_dead_letters_forwarded_total',
      help: 'Dead letters handed to the dead letter destination of their sink, by the outcome of the last try.',
      labels: ['sink_type', 'outcome'],
    }),
    hurried: metrics.counter({
      name: 'gwh_deliveries_hurried_total',
      help: 'Deliveries made due early, because their sink had recovered.',
    }),
    settled: metrics.counter({
      name: 'gwh_deliveries_settled_total',
      help: 'Deliveries that went on without an attempt: filtered out, held, or without a sink.',
      labels: ['step'],
    }),
    inboxFailures: metrics.counter({
      name: 'gwh_dispatcher_inbox_failures_total',
      help: 'Calls to the inbox that failed; nothing is claimed until it can be written again.',
      labels: ['call'],
    }),
  }
}
