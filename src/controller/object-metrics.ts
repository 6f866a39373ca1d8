import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { Metrics, Sample } from '../observability/metrics.ts'

const conditionValues = { True: 1, False: 0, Unknown: -1 } as const

/**
 * Series for every object, named: asked for by the setting `objectMetrics`, because their number grows with the objects and names are not for every
 * metrics store. Read from the cache at scrape time, so that what is gone leaves no series behind.
 */
export function exposeObjectMetrics(
  metrics: Metrics,
  webhooks: () => readonly GeminiWebhook[],
  now: () => number,
): void {
  metrics.collectedGauge({
    name: 'gwh_controller_object_condition',
    help: 'Conditions of every GeminiWebhook: 1 True, 0 False, -1 Unknown. Only with objectMetrics.',
    labels: ['namespace', 'name', 'type'],
    collect: () => webhooks().flatMap(conditionSamples),
  })
  metrics.collectedGauge({
    name: 'gwh_controller_object_signing_secret_age_seconds',
    help: 'Age of the current signing secret of every GeminiWebhook that has one. Only with objectMetrics.',
    labels: ['namespace', 'name'],
    collect: () => webhooks().flatMap((webhook) => ageSample(webhook, now())),
  })
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

function conditionSamples({ metadata: { namespace, name }, status }: GeminiWebhook): Sample[] {
  return (status?.conditions ?? []).map((condition) => ({
    value: conditionValues[condition.status],
    labels: { namespace, name, type: condition.type },
  }))
}

function ageSample(webhook: GeminiWebhook, nowMs: number): Sample[] {
  const { namespace, name } = webhook.metadata
  const value = secretAgeSeconds(webhook, nowMs)
  return value === undefined ? [] : [{ value, labels: { namespace, name } }]
}

/** Undefined before the first secret. */
function secretAgeSeconds({ status }: GeminiWebhook, nowMs: number): number | undefined {
  const rotatedMs = Date.parse(status?.rotation?.lastRotationTime ?? '')
  return Number.isNaN(rotatedMs) ? undefined : Math.max(nowMs - rotatedMs, 0) / 1000
}
