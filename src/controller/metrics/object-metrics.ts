import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { SinkStatus } from '../../api/status.ts'
import type { Metrics, Sample } from '../../observability/metrics.ts'
import { timeOf } from '../facts/time-of.ts'

const conditionValues = { True: 1, False: 0, Unknown: -1 } as const

/**
 * Series for every object, named: asked for by the setting `objectMetrics`, because their number grows with the objects
 * and names are not for every metrics store. Read from the cache at scrape time, so that what is gone leaves no series
 * behind. The labels are `webhook_namespace` and `webhook`: under `namespace` a scrape stores that of the pod, and
 * pushes ours aside.
 */
export function exposeObjectMetrics(
  metrics: Metrics,
  webhooks: () => readonly GeminiWebhook[],
  now: () => number,
): void {
  metrics.collectedGauge({
    name: 'gwh_controller_object_condition',
    help: 'Conditions of every GeminiWebhook: 1 True, 0 False, -1 Unknown. Only with objectMetrics.',
    labels: ['webhook_namespace', 'webhook', 'type'],
    collect: () => webhooks().flatMap(conditionSamples),
  })
  metrics.collectedGauge({
    name: 'gwh_controller_object_signing_secret_age_seconds',
    help: 'Age of the current signing secret of every GeminiWebhook that has one. Only with objectMetrics.',
    labels: ['webhook_namespace', 'webhook'],
    collect: () => webhooks().flatMap((webhook) => ageSample(webhook, now())),
  })
  metrics.collectedGauge({
    name: 'gwh_controller_object_backfilled_events',
    help: 'Events that Google did not deliver, of every GeminiWebhook with backfill, as its status tells. Only with objectMetrics.',
    labels: ['webhook_namespace', 'webhook'],
    collect: () => webhooks().flatMap(backfilledSample),
  })
}

/** A bound for the largest installations: with more sinks than this, those that fail come first. */
const maxSinkSeries = 5_000

/** Which sink it is that fails: by name, so also only with `objectMetrics`. */
export function exposeSinkMetrics(metrics: Metrics, webhooks: () => readonly GeminiWebhook[]): void {
  metrics.collectedGauge({
    name: 'gwh_controller_object_sink_failing',
    help: 'Every sink of every GeminiWebhook: 1 while it accepts nothing, else 0. Only with objectMetrics.',
    labels: ['webhook_namespace', 'webhook', 'sink'],
    collect: () => sinkSamples(webhooks(), ({ failingSince }) => (failingSince === undefined ? 0 : 1)),
  })
  metrics.collectedGauge({
    name: 'gwh_controller_object_sink_pending_deliveries',
    help: 'Deliveries that are stored for a sink and not yet ended, as its status tells. Only with objectMetrics.',
    labels: ['webhook_namespace', 'webhook', 'sink'],
    collect: () => sinkSamples(webhooks(), ({ pending = 0 }) => pending),
  })
  metrics.collectedGauge({
    name: 'gwh_controller_object_sink_dead_letters',
    help: 'Dead letters of a sink that are kept, as its status tells. Only with objectMetrics.',
    labels: ['webhook_namespace', 'webhook', 'sink'],
    collect: () => sinkSamples(webhooks(), ({ deadLetters = 0 }) => deadLetters),
  })
}

function sinkSamples(webhooks: readonly GeminiWebhook[], valueOf: (sink: SinkStatus) => number): Sample[] {
  const all = webhooks.flatMap(({ metadata: { namespace, name }, status }) =>
    (status?.sinks ?? []).map((sink) => ({ namespace, name, sink })),
  )
  const shown =
    all.length <= maxSinkSeries
      ? all
      : all.toSorted((a, b) => Number(isFailing(b.sink)) - Number(isFailing(a.sink))).slice(0, maxSinkSeries)
  return shown.map(({ namespace, name, sink }) => ({
    value: valueOf(sink),
    labels: { webhook_namespace: namespace, webhook: name, sink: sink.name },
  }))
}

function isFailing({ failingSince }: SinkStatus): boolean {
  return failingSince !== undefined
}

/** One number for all: the secret that has gone longest without a rotation. */
export function exposeSecretAge(metrics: Metrics, webhooks: () => readonly GeminiWebhook[], now: () => number): void {
  metrics.gauge({
    name: 'gwh_controller_oldest_signing_secret_age_seconds',
    help: 'Age of the oldest current signing secret; 0 without any.',
    collect() {
      const nowMs = now()
      return webhooks().reduce((oldest, webhook) => Math.max(oldest, secretAgeSeconds(webhook, nowMs) ?? 0), 0)
    },
  })
}

/** One number for all: the webhook that Google has disabled for the longest time. */
export function exposeDisabledAge(metrics: Metrics, webhooks: () => readonly GeminiWebhook[], now: () => number): void {
  metrics.gauge({
    name: 'gwh_controller_longest_disabled_by_google_seconds',
    help: 'For how long Google has had a webhook disabled because of failed deliveries, of the one that has been so for the longest time; 0 without any.',
    collect() {
      const sinceMs = webhooks().flatMap(({ status }) => timeOf(status?.webhook?.disabledSince) ?? [])
      return sinceMs.reduce((longest, ms) => Math.max(longest, (now() - ms) / 1000), 0)
    },
  })
}

function conditionSamples({ metadata: { namespace, name }, status }: GeminiWebhook): Sample[] {
  return (status?.conditions ?? []).map((condition) => ({
    value: conditionValues[condition.status],
    labels: { webhook_namespace: namespace, webhook: name, type: condition.type },
  }))
}

function ageSample(webhook: GeminiWebhook, nowMs: number): Sample[] {
  const { namespace, name } = webhook.metadata
  const value = secretAgeSeconds(webhook, nowMs)
  return value === undefined ? [] : [{ value, labels: { webhook_namespace: namespace, webhook: name } }]
}

function backfilledSample({ metadata: { namespace, name }, status }: GeminiWebhook): Sample[] {
  if (status?.backfill === undefined) return []
  return [{ value: status.backfill.total ?? 0, labels: { webhook_namespace: namespace, webhook: name } }]
}

/** Undefined before the first secret. */
function secretAgeSeconds({ status }: GeminiWebhook, nowMs: number): number | undefined {
  const rotatedMs = timeOf(status?.rotation?.lastRotationTime)
  return rotatedMs === undefined ? undefined : Math.max(nowMs - rotatedMs, 0) / 1000
}
