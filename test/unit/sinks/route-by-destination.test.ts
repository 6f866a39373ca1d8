import assert from 'node:assert/strict'
import { test } from 'node:test'

import { routesSink } from '../../../src/routes/routes-sink.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { routeByDestination } from '../../../src/sinks/route-by-destination.ts'
import { traceHeadersOf } from '../../../src/sinks/trace-context.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { anOutgoing, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { SinkDouble } from '../../support/doubles/sink-double.ts'

const never = new AbortController().signal

test('all attempts and sinks of one event share a trace, and each attempt is a span of its own', () => {
  const spans = [
    anOutgoing(),
    anOutgoing({ attempt: 2 }),
    anOutgoing({ sink: aSink({ name: 'other' }) }),
    anOutgoing({ event: anEvent({ eventId: 'msg_2' }) }),
  ].map((delivery) => (traceHeadersOf(delivery)['traceparent'] ?? '').split('-'))
  assert.equal(new Set(spans.slice(0, 3).map(([, trace]) => trace)).size, 1)
  assert.notEqual(spans[3]?.[1], spans[0]?.[1])
  assert.equal(new Set(spans.map(([, , span]) => span)).size, 4)
})

const kept = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('where traces are kept the span of the attempt is sent, and an event that was stored meanwhile stays in its trace', () => {
  assert.deepEqual(traceHeadersOf(anOutgoing({ trace: `${kept} a=1` })), { traceparent: kept, tracestate: 'a=1' })
  const event = anEvent({ trace: `${kept.slice(0, -2)}00 a=1` })
  const [, trace, span, flags] = traceHeadersOf(anOutgoing({ event }))['traceparent']?.split('-') ?? []
  assert.deepEqual([trace, flags], [kept.split('-')[1], '00'])
  assert.notEqual(span, kept.split('-')[2])
})

test('a delivery goes to the sink of its destination type, and closing closes all', async () => {
  const http = new SinkDouble()
  const kubernetesEvent = new SinkDouble()
  const nats = new SinkDouble()
  const kafka = new SinkDouble()
  const routes = new SinkDouble()
  const route = routeByDestination({ http, nats, kafka, kubernetesEvent, routes })
  const toNats = { type: 'nats', subject: 'a.b', acknowledgedBy: 'Stream' } as const
  await route.send(anOutgoing({ sink: aSink({ destination: toNats }) }), never)
  await route.send(anOutgoing({ sink: aSink({ destination: { type: 'kafka', topic: 'a.b' } }) }), never)
  await route.send(anOutgoing({ sink: aSink({ destination: { type: 'kubernetesEvent', maxPerHour: 1 } }) }), never)
  await route.send(anOutgoing({ sink: routesSink }), never)
  await route.send(anOutgoing(), never)
  await route.send(anOutgoing(), never)
  assert.deepEqual(
    [http, nats, kafka, kubernetesEvent, routes].map(({ sent }) => sent.length),
    [2, 1, 1, 1, 1],
  )
  await route.close()
  assert.deepEqual(
    [http, nats, kafka, kubernetesEvent, routes].map(({ isClosed }) => isClosed),
    [true, true, true, true, true],
  )
})

function failToParse(): never {
  throw new Error('unreadable')
}

test('an event that cannot be encoded is unsendable, whatever went wrong', async () => {
  const sink = createHttpSink({
    parseEnvelope: failToParse,
    clock: new FakeClock(),
    addressRules: createAddressRules(),
  })
  assert.deepEqual(await sink.send(anOutgoing(), never), { type: 'permanent', cause: 'unsendable' })
  await sink.close()
})
