import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'

import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { samplers } from '../../../src/config/tracing-settings.ts'
import { openTracing, type TracingOptions } from '../../../src/tracing/open-tracing.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${spanId}-01`

function aTracing(t: TestContext, given: Partial<TracingOptions> = {}) {
  const clock = new FakeClock()
  const tracing = openTracing({
    url: 'http://127.0.0.1:9/v1/traces',
    sampler: 'traceidratio',
    ratio: 0,
    version: '1.2.3',
    instance: 'gwh-receiver-0',
    clock,
    logger: silentLogger,
    metrics: createMetrics(),
    ...given,
  })
  t.after(() => tracing.stop())
  return tracing
}

test('a traceparent of W3C is taken, and its tracestate where it is one', (t) => {
  const { parentIn } = aTracing(t)
  assert.equal(parentIn({ traceparent }), traceparent)
  assert.equal(parentIn({ traceparent, tracestate: 'a=1,b=2' }), `${traceparent} a=1,b=2`)
  assert.equal(parentIn({ traceparent, tracestate: 'no member, A=1' }), traceparent)
  assert.equal(parentIn({ traceparent: `00-${traceId}-${spanId}-00` }), `00-${traceId}-${spanId}-00`)
  // A later version may say more, and is continued by what is known of it.
  assert.equal(parentIn({ traceparent: `cc-${traceId}-${spanId}-01-what-the-future-says` }), traceparent)
  assert.equal(parentIn({ traceparent: `00-${traceId}-${spanId}-ff` }), traceparent)
})

test('anything else in its place is as if it were not there', (t) => {
  const { parentIn } = aTracing(t)
  const others: (string | string[] | undefined)[] = [
    undefined,
    '',
    traceId,
    traceparent.toUpperCase(),
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId.slice(1)}-${spanId}-01`,
    `${traceparent}, ${traceparent}`,
    `${traceparent}\r\nx: y`,
    `cc-${traceId}-${spanId}-01-${'x'.repeat(300)}`,
    [traceparent],
  ]
  for (const given of others)
    assert.equal(parentIn({ traceparent: given, tracestate: 'a=1' }), undefined, String(given))
})

test('a tracestate that is too long for W3C goes, and the trace is continued', (t) => {
  assert.equal(aTracing(t).parentIn({ traceparent, tracestate: `a=${'x'.repeat(600)}` }), traceparent)
})

const flagOf = (trace: string) => trace.split(' ')[0]?.slice(-2)
const span = { name: 'x', kind: 'internal', attributes: {}, traceId } as const

test('each sampler decides as OpenTelemetry says, and the flag of the sender with parentbased_ only', (t) => {
  const decided = samplers.map((sampler) => {
    const { start } = aTracing(t, { sampler, ratio: 0 })
    const flagWith = (parent?: string) => flagOf(start({ ...span, parent }).trace)
    return [sampler, flagWith(), flagWith(`00-${traceId}-${spanId}-00`), flagWith(traceparent)]
  })
  assert.deepEqual(decided, [
    ['always_on', '01', '01', '01'],
    ['always_off', '00', '00', '00'],
    ['traceidratio', '00', '00', '00'],
    ['parentbased_always_on', '01', '00', '01'],
    ['parentbased_always_off', '00', '00', '01'],
    ['parentbased_traceidratio', '00', '00', '01'],
  ])
})

test('all receivers keep the same half of the traces', (t) => {
  const ids = Array.from({ length: 400 }, (_, at) => (at * 0x9e3779b1).toString(16).padStart(32, '1').slice(-32))
  const keptBy = () => {
    const { start } = aTracing(t, { ratio: 0.5 })
    return ids.map((id) => flagOf(start({ ...span, traceId: id }).trace))
  }
  const kept = keptBy()
  assert.deepEqual(keptBy(), kept)
  const share = kept.filter((flag) => flag === '01').length / ids.length
  assert.ok(share > 0.35 && share < 0.65, `${share}`)
})

test('a trace that begins here has the id that it is given, and a span of its own each time', (t) => {
  const { start } = aTracing(t)
  const traces = [1, 2].map(() => start(span).trace.split('-'))
  assert.deepEqual(
    traces.map(([, id]) => id),
    [traceId, traceId],
  )
  assert.notEqual(traces[0]?.[2], traces[1]?.[2])
})

test('a collector that asks to come again later is told from one that does not answer', async (t) => {
  for (const status of [429, 503]) {
    const server = createServer((request, response) => {
      request.resume()
      // Longer than the exporter waits, so that it gives up at once.
      response.writeHead(status, { 'retry-after': '99999999999' }).end('Bearer abc is over its quota')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close().closeAllConnections())
    const causes: unknown[] = []
    const logger: TracingOptions['logger'] = { ...silentLogger, warn: (details) => void causes.push(details) }
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
    const tracing = aTracing(t, { url, ratio: 1, logger })
    tracing.start(span).end()
    await tracing.stop()
    assert.deepEqual(causes, [{ cause: 'unavailable', spans: 1 }], `${status}`)
  }
})
