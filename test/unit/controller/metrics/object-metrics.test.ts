import assert from 'node:assert/strict'
import { test } from 'node:test'

import { exposeSinkMetrics } from '../../../../src/controller/metrics/object-metrics.ts'
import { createMetrics } from '../../../../src/observability/metrics.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

/** Sixteen sinks each, all of them well but the last of the last object. */
function manyObjects(count: number) {
  return Array.from({ length: count }, (_, at) => {
    const sinks = Array.from({ length: 16 }, (_sink, of) => ({
      name: `sink-${of}`,
      ready: true,
      ...(at === count - 1 && of === 15 && { failingSince: '2026-11-29T12:00:00Z' }),
    }))
    const webhook = aWebhook().status({ sinks }).build()
    return { ...webhook, metadata: { ...webhook.metadata, name: `object-${at}` } }
  })
}

async function seriesOf(objects: number): Promise<string[]> {
  const metrics = createMetrics()
  exposeSinkMetrics(metrics, () => manyObjects(objects))
  const { text } = await metrics.expose()
  return text.split('\n').filter((line) => line.startsWith('gwh_controller_object_sink_failing{'))
}

test('every sink has its series, by name', async () => {
  const series = await seriesOf(2)
  assert.equal(series.length, 32)
  assert.match(series.at(-1) ?? '', /\{webhook_namespace="ml",webhook="object-1",sink="sink-15"\} 1$/)
})

test('series of sinks are bounded, and those that fail come first', async () => {
  const series = await seriesOf(400)
  assert.equal(series.length, 5_000)
  assert.match(series[0] ?? '', /webhook="object-399",sink="sink-15"\} 1$/)
})
