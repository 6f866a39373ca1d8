import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Clock } from '../../../src/clock.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

test('an instrument made again under its name is the same instrument', async () => {
  const metrics = createMetrics()
  const instrument = { name: 'gwh_things_total', help: 'Things.', labels: ['who'] }
  metrics.counter(instrument).add(1, { who: 'first' })
  metrics.counter(instrument).add(2, { who: 'second' })
  const { text } = await metrics.expose()
  assert.match(text, /^gwh_things_total\{who="first"\} 1$/m)
  assert.match(text, /^gwh_things_total\{who="second"\} 2$/m)
})

test('a name cannot be made again as another type, nor as a collected gauge', () => {
  const metrics = createMetrics()
  metrics.counter({ name: 'gwh_things_total', help: 'Things.' })
  assert.throws(() => metrics.gauge({ name: 'gwh_things_total', help: 'Things.' }), /gwh_things_total/)
  metrics.gauge({ name: 'gwh_depth', help: 'Depth.', collect: () => 1 })
  assert.throws(() => metrics.gauge({ name: 'gwh_depth', help: 'Depth.', collect: () => 2 }), /gwh_depth/)
})

test('two registries do not know each other', async () => {
  const [one, other] = [createMetrics(), createMetrics()]
  one.counter({ name: 'gwh_things_total', help: 'Things.' }).add(3)
  other.counter({ name: 'gwh_things_total', help: 'Things.' })
  assert.match((await one.expose()).text, /^gwh_things_total 3$/m)
  assert.match((await other.expose()).text, /^gwh_things_total 0$/m)
})

test('a gauge with collect is asked at each scrape', async () => {
  const metrics = createMetrics()
  let depth = 1
  metrics.gauge({ name: 'gwh_depth', help: 'Depth.', collect: () => depth })
  assert.match((await metrics.expose()).text, /^gwh_depth 1$/m)
  depth = 7
  assert.match((await metrics.expose()).text, /^gwh_depth 7$/m)
})

test('a histogram counts into its buckets', async () => {
  const metrics = createMetrics()
  const seconds = metrics.histogram({ name: 'gwh_wait_seconds', help: 'Wait.', labels: ['kind'], buckets: [0.1, 1] })
  for (const value of [0.05, 0.5, 5]) seconds.observe(value, { kind: 'a' })
  const { text } = await metrics.expose()
  assert.match(text, /^gwh_wait_seconds_bucket\{le="0.1",kind="a"\} 1$/m)
  assert.match(text, /^gwh_wait_seconds_bucket\{le="1",kind="a"\} 2$/m)
  assert.match(text, /^gwh_wait_seconds_count\{kind="a"\} 3$/m)
})

test('a label that the instrument does not have is an error, not a silent new series', () => {
  const counter = createMetrics().counter({ name: 'gwh_things_total', help: 'Things.', labels: ['kind'] })
  assert.throws(() => counter.add(1, { namespace: 'team' }))
})

test('no instrument may have a label that a scrape gives to every series of its target', () => {
  const metrics = createMetrics()
  for (const taken of ['job', 'instance', 'namespace', 'pod', 'container', 'service', 'endpoint', 'node', 'cluster']) {
    const instrument = { name: 'gwh_things', help: 'Things.', labels: ['kind', taken] }
    const refusal = new RegExp(`gwh_things: the label "${taken}"`)
    assert.throws(() => metrics.counter(instrument), refusal)
    assert.throws(() => metrics.gauge(instrument), refusal)
    assert.throws(() => metrics.collectedGauge({ ...instrument, collect: () => [] }), refusal)
    assert.throws(() => metrics.histogram({ ...instrument, buckets: [1] }), refusal)
  }
  assert.throws(
    () => metrics.counter({ name: 'gwh_things', help: 'Things.', labels: ['exported_pod'] }),
    /exported_pod/,
  )
})

test('process metrics are there when asked for', async () => {
  assert.doesNotMatch((await createMetrics().expose()).text, /^process_/m)
  const { text } = await createMetrics({ processClock: new FakeClock() }).expose()
  for (const name of [
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    assert.match(text, new RegExp(`^${name} `, 'm'))
  }
})

test('the delay of the event loop is how late a timer comes that runs every five seconds', async () => {
  const clock = new FakeClock()
  let lateMs = 0
  const metrics = createMetrics({ processClock: lateClock(clock, () => lateMs) })
  const delays = async () => {
    const { text } = await metrics.expose()
    const lines = text.matchAll(/^nodejs_eventloop_lag(\w*)_seconds (\S+)$/gm)
    return Object.fromEntries([...lines].map(([, what, value]) => [what ?? '', Number(Number(value).toFixed(3))]))
  }
  const none = { '': 0, _min: 0, _max: 0, _mean: 0, _stddev: 0, _p50: 0, _p90: 0, _p99: 0 }
  assert.deepEqual(await delays(), none)
  await clock.advance({ seconds: 98 * 5 })
  for (lateMs of [40, 200]) await clock.advance({ seconds: 5 })
  const seen = { '': 0.2, _min: 0, _max: 0.2, _mean: 0.002, _stddev: 0.02, _p50: 0, _p90: 0, _p99: 0.04 }
  assert.deepEqual(await delays(), seen)
  assert.deepEqual(await delays(), seen, 'nothing was seen since the last scrape')
})

/** A clock whose timers come late. */
function lateClock(clock: FakeClock, lateMs: () => number): Clock {
  let passedMs = 0
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + passedMs,
    after: (delayMs, callback) =>
      clock.after(delayMs, () => {
        passedMs += lateMs()
        callback()
      }),
  }
}

const line = (watch: string, value: number) => `gwh_silence_seconds{watch="${watch}"} ${value}`

test('a collected gauge shows the samples of all who made it, and none that is not told any more', async () => {
  const metrics = createMetrics()
  const instrument = { name: 'gwh_silence_seconds', help: 'Silence.', labels: ['watch'] }
  let watches = ['a', 'b']
  metrics.collectedGauge({ ...instrument, collect: () => watches.map((watch) => ({ value: 3, labels: { watch } })) })
  metrics.collectedGauge({ ...instrument, collect: () => [{ value: 7, labels: { watch: 'c' } }] })
  const lines = async () => (await metrics.expose()).text.split('\n').filter((line) => line.startsWith('gwh_silence'))
  assert.deepEqual(await lines(), [line('a', 3), line('b', 3), line('c', 7)])
  watches = ['b']
  assert.deepEqual(await lines(), [line('b', 3), line('c', 7)])
})
