import type { Cut } from '../connections/connection-book.ts'
import type { Standing } from '../connections/give-way.ts'
import type { CounterHandle, GaugeHandle, HistogramHandle, Metrics } from '../observability/metrics.ts'
import { connectionEnds, type ConnectionEnd } from './connection-end.ts'
import { answers, type AnsweredOutcome } from './status-codes.ts'

/** How a delivery can end although its signature held. */
const authenticRefusals = [
  'StaleTimestamp',
  'OwnerFull',
  'InboxFull',
  'InboxUnavailable',
  'AppendTimeout',
] as const satisfies readonly AnsweredOutcome[]

const standings = ['stranger', 'proven', 'proxy'] as const satisfies readonly Standing[]
const closeReasons = [
  ...connectionEnds,
  'Idle',
  'GaveWay',
  'ProvenGaveWay',
  'ProxyGaveWay',
  'Crowded',
] as const satisfies readonly (ConnectionEnd | Exclude<Cut, 'NoRoom'>)[]

export interface ReceiverMetrics {
  readonly requests: CounterHandle
  readonly authenticRefused: CounterHandle
  readonly requestSeconds: HistogramHandle
  readonly clockSkewSeconds: GaugeHandle
  readonly droppedConnections: CounterHandle
  readonly closedConnections: CounterHandle
  readonly tlsFailures: CounterHandle
}

/** Sources are read at scrape time. */
export interface ReceiverGauges {
  heldBodyBytes: () => number
  endpoints: () => number
  isReady: () => boolean
  connections: (standing: Standing) => number
}

/** Made once per receiver: a name may be made only once per registry. */
export function createReceiverMetrics(metrics: Metrics, gauges: ReceiverGauges): ReceiverMetrics {
  metrics.gauge({
    name: 'gwh_receiver_held_body_bytes',
    help: 'Bytes in memory of bodies, from the first byte read until the event is stored or refused, and of requests that wait for their turn.',
    collect: gauges.heldBodyBytes,
  })
  metrics.gauge({
    name: 'gwh_receiver_endpoints',
    help: 'Endpoints in the directory.',
    collect: gauges.endpoints,
  })
  metrics.gauge({
    name: 'gwh_receiver_ready',
    help: '1 while the receiver is ready, as `/readyz` says: it is not while its inbox takes no events.',
    collect: () => (gauges.isReady() ? 1 : 0),
  })
  metrics.collectedGauge({
    name: 'gwh_receiver_connections',
    help: 'Open connections to the public port by what they have shown: authentic deliveries, a trusted proxy as their origin, or nothing.',
    labels: ['standing'],
    collect: () => standings.map((standing) => ({ value: gauges.connections(standing), labels: { standing } })),
  })
  return {
    requests: metrics.counter({
      name: 'gwh_receiver_requests_total',
      help: 'Requests on the public port by how they ended.',
      labels: ['outcome'],
      known: Object.keys(answers).map((outcome) => ({ outcome })),
    }),
    authenticRefused: metrics.counter({
      name: 'gwh_receiver_authentic_refused_total',
      help: 'Deliveries with a valid signature that were refused: the service level indicator.',
      labels: ['outcome'],
      known: authenticRefusals.map((outcome) => ({ outcome })),
    }),
    requestSeconds: metrics.histogram({
      name: 'gwh_receiver_request_duration_seconds',
      help: 'Time from the end of the headers to the answer, only for deliveries that were stored or were duplicates.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    }),
    clockSkewSeconds: metrics.gauge({
      name: 'gwh_receiver_stale_delivery_skew_seconds',
      help: 'How far the timestamp of the last authentic but stale delivery was ahead of our clock (negative: behind).',
    }),
    droppedConnections: metrics.counter({
      name: 'gwh_receiver_dropped_connections_total',
      help: 'New connections that were dropped because too many were open and all of them were being answered.',
    }),
    closedConnections: metrics.counter({
      name: 'gwh_receiver_closed_connections_total',
      help: 'Connections to the public port that the receiver closed, by reason. Some are closed to make room for a new one.',
      labels: ['reason'],
      known: closeReasons.map((reason) => ({ reason })),
    }),
    tlsFailures: metrics.counter({
      name: 'gwh_receiver_tls_failures_total',
      help: 'Connections to the public port that ended because of TLS, most of them before a request. Only where it serves TLS itself.',
    }),
  }
}
