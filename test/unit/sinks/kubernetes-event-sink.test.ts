import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import type { NewKubernetesEvent } from '../../../src/kubernetes/event-recorder.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { eventTextOf } from '../../../src/sinks/event-note.ts'
import { createKubernetesEventSink } from '../../../src/sinks/kubernetes-event-sink.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { anOutgoing, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const never = new AbortController().signal

function anEventSink() {
  const recorded: NewKubernetesEvent[] = []
  const clock = new FakeClock()
  const metrics = createMetrics()
  const recorder = { record: (event: NewKubernetesEvent) => void recorded.push(event) }
  const sink = createKubernetesEventSink({ recorder, parseEnvelope, clock, metrics })
  const send = (uid = 'uid-1', maxPerHour = 60) =>
    sink.send(
      anOutgoing({
        event: anEvent({ owner: { uid, namespace: 'ml', name: 'batch-events' } }),
        sink: aSink({ destination: { type: 'kubernetesEvent', maxPerHour } }),
      }),
      never,
    )
  return { recorded, clock, metrics, sink, send }
}

test('an event is shown about its GeminiWebhook', async () => {
  const { recorded, send } = anEventSink()
  assert.deepEqual(await send(), { type: 'delivered' })
  assert.deepEqual(recorded, [
    {
      regarding: {
        apiVersion: 'webhooks.gemini-operator.io/v1alpha1',
        kind: 'GeminiWebhook',
        namespace: 'ml',
        name: 'batch-events',
        uid: 'uid-1',
      },
      type: 'Normal',
      reason: 'BatchSucceeded',
      action: 'ReceiveEvent',
      note: 'Gemini reported batch.succeeded for batches/abc123',
    },
  ])
})

test('an event of a route is shown about the GeminiRoute, by its plain name', async () => {
  const { recorded, sink } = anEventSink()
  const owner = { uid: 'uid-2', namespace: 'search', name: 'groute/nightly-eval' }
  const destination = { type: 'kubernetesEvent', maxPerHour: 60 } as const
  await sink.send(anOutgoing({ event: anEvent({ owner }), sink: aSink({ destination }) }), never)
  assert.deepEqual(recorded[0]?.regarding, {
    apiVersion: 'webhooks.gemini-operator.io/v1alpha1',
    kind: 'GeminiRoute',
    namespace: 'search',
    name: 'nightly-eval',
    uid: 'uid-2',
  })
})

test('beyond the hourly budget of an object events count as delivered, are counted, and other objects are shown', async () => {
  const { recorded, clock, metrics, send } = anEventSink()
  for (let at = 0; at < 5; at++) assert.deepEqual(await send('uid-1', 3), { type: 'delivered' })
  assert.equal(recorded.length, 3)
  assert.match((await metrics.expose()).text, /gwh_sink_events_suppressed_total 2/)
  await send('uid-2', 3)
  assert.equal(recorded.length, 4)
  await clock.advance({ hours: 1 })
  await send('uid-1', 3)
  assert.equal(recorded.length, 5)
})

test('a destination of another type is never taken for an Event', async () => {
  const { recorded, sink } = anEventSink()
  assert.deepEqual(await sink.send(anOutgoing(), never), { type: 'permanent', cause: 'unsendable' })
  assert.equal(recorded.length, 0)
})

const texts = [
  ['batch.succeeded', 'Normal', 'BatchSucceeded'],
  ['batch.failed', 'Warning', 'BatchFailed'],
  ['batch.expired', 'Warning', 'BatchExpired'],
  ['batch.cancelled', 'Normal', 'BatchCancelled'],
  ['interaction.completed', 'Normal', 'InteractionCompleted'],
  ['interaction.requires_action', 'Normal', 'InteractionRequiresAction'],
  ['interaction.failed', 'Warning', 'InteractionFailed'],
  ['video.generated', 'Normal', 'VideoGenerated'],
  ['unknown', 'Normal', 'UnknownEventReceived'],
  ['Not A Type', 'Normal', 'UnknownEventReceived'],
  ['_._', 'Normal', 'UnknownEventReceived'],
  [`a.${'b'.repeat(200)}`, 'Normal', 'UnknownEventReceived'],
] as const

for (const [type, severity, reason] of texts) {
  test(`${type.slice(0, 30)} is shown as ${severity} ${reason}`, () => {
    const text = eventTextOf({ type })
    assert.equal(text.type, severity)
    assert.equal(text.reason, reason)
  })
}

function noteOf(dataId: string): string {
  return eventTextOf({ type: 'batch.failed', dataId }).note
}

test('a long or odd job id is cut and cleaned, and stays apart from another one', () => {
  const one = noteOf(`${'x'.repeat(1023)}1`)
  const other = noteOf(`${'x'.repeat(1023)}2`)
  assert.notEqual(one, other)
  assert.ok(Buffer.byteLength(one) <= 1024)
  assert.match(noteOf('a\u0000\nü\u202e'), /^[\x20-\x7e]+$/)
})
