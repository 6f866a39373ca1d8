import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { createFilterJudge, type FilterJudgeOptions, type Judgement } from '../../../src/filter/judge-filter.ts'
import type { SinkFilter } from '../../../src/contract/keyring/entry.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { recordedLogger } from '../../support/doubles/recorded-logger.ts'

const oddWorker = new URL('../../support/doubles/odd-filter-worker.ts', import.meta.url)
const batch = { type: 'batch.succeeded', version: 'v1', data: { id: 'batches/1', count: 2 } }
const nobody = new AbortController().signal

const byCel = (cel: string): SinkFilter => ({ typesExact: [], typesPrefix: [], cel })
/** A filter that does this in its thread (test/support/doubles/odd-filter-worker.ts). */
const odd = (kind: 'endless' | 'asleep' | 'deadly' | 'curious'): SinkFilter => ({
  ...byCel('true'),
  typesExact: [kind],
})

/** As a dispatcher asks, of an event that came now. */
const eventOf = (json: string) => ({ body: Buffer.from(json), mode: 'static' as const, sentAtSeconds: 1_795_262_400 })

interface Asked {
  namespace?: string
  sink?: string
  /** What is different in the event. */
  event?: Readonly<Record<string, unknown>>
}

function aJudge(t: TestContext, given: Partial<FilterJudgeOptions> = {}) {
  const clock = new FakeClock()
  const metrics = createMetrics()
  const judge = createFilterJudge({
    expressionsOf: () => [],
    clock,
    metrics,
    logger: recordedLogger('filter'),
    ...given,
  })
  t.after(() => judge.close())
  /** Resolves with the judgement of one sink of one namespace. */
  const ask = async (filter: SinkFilter, { namespace = 'ml', sink = 'worker', event = {} }: Asked = {}) => {
    const owner = { uid: `uid-${namespace}`, namespace, name: 'hook' }
    return judge.judge({ owner, sink, filter, event: eventOf(JSON.stringify({ ...batch, ...event })) }, nobody)
  }
  const metric = async (start: string) =>
    (await metrics.expose()).text.split('\n').find((line) => line.startsWith(start))
  return { ask, clock, metric, judge }
}

/**
 * Asks while the test's clock runs until each has an answer: a thread starts and works in real time, which may be long
 * on a busy machine.
 */
async function judged(clock: FakeClock, ...asks: (() => Promise<Judgement>)[]): Promise<Judgement[]> {
  const answers = asks.map(async (ask) => {
    for (;;) {
      const judgement = await ask()
      if (judgement.type !== 'waits') return judgement
    }
  })
  let all: Judgement[] | undefined
  void Promise.all(answers).then((judgements) => (all = judgements))
  return eventually(
    'judgements',
    async () => {
      await clock.advance({ ms: 10 })
      return all
    },
    { intervalMs: 5 },
  )
}

test('a thread of their own judges by expressions as they are meant', async (t) => {
  const { ask, metric } = aJudge(t)
  assert.deepEqual(await ask(byCel('event.data.count == 2')), { type: 'wanted' })
  assert.deepEqual(await ask(byCel('event.data.count == 3')), { type: 'unwanted' })
  assert.deepEqual(await ask(byCel('event.data.nope == 3')), { type: 'failed' })
  assert.deepEqual(await ask(byCel('event.typo == 3')), { type: 'invalid' })
  assert.equal(
    await metric('gwh_filter_evaluations_total{outcome="wanted"}'),
    'gwh_filter_evaluations_total{outcome="wanted"} 1',
  )
  assert.equal(
    await metric('gwh_filter_evaluation_processor_seconds_count'),
    'gwh_filter_evaluation_processor_seconds_count 4',
  )
})

test('what only compares small things is judged at once, and a large body is read elsewhere', async (t) => {
  const { judge, ask, metric } = aJudge(t)
  const filter = { typesExact: ['batch.succeeded'], typesPrefix: [], metadataExact: { team: 'search' } }
  const owner = { uid: 'uid', namespace: 'ml', name: 'hook' }
  const small = eventOf(JSON.stringify({ ...batch, user_metadata: { team: 'search' } }))
  assert.deepEqual(judge.judge({ owner, sink: 's', filter, event: small }, nobody), { type: 'wanted' })
  const large = { user_metadata: { team: 'search' }, padding: 'a'.repeat(200_000) }
  assert.deepEqual(await ask(filter, { event: large }), { type: 'wanted' })
  assert.deepEqual(await ask({ ...filter, metadataExact: { team: 'x' } }, { event: large }), { type: 'unwanted' })
  assert.deepEqual(await ask({ ...filter, typesExact: ['video.generated'] }, { event: large }), { type: 'unwanted' })
  assert.equal(
    await metric('gwh_filter_evaluation_processor_seconds_count'),
    'gwh_filter_evaluation_processor_seconds_count 3',
  )
})

test('what an object may cost holds for all its expressions, in the receiver too', async (t) => {
  const [one, other] = ['a', 'b'].map((letter) => `event.data.id.contains("${letter.repeat(300)}")`) as [string, string]
  const { ask } = aJudge(t, { expressionsOf: (uid) => (uid === 'uid-greedy' ? [one, other] : [one]) })
  assert.deepEqual(await ask(byCel(other), { namespace: 'greedy' }), { type: 'invalid' })
  assert.deepEqual(await ask(byCel(one), { namespace: 'modest' }), { type: 'unwanted' })
})

test('expressions that never end are interrupted, their neighbours judged, and this thread never waits', async (t) => {
  const { ask, clock, metric } = aJudge(t, { workerUrl: oddWorker, limits: { processorMs: 50, elapsedMs: 3_600_000 } })
  const attacks = ['a', 'b', 'c'].map((sink) => () => ask(odd('endless'), { namespace: 'evil', sink }))
  let turns = 0
  const counting = setInterval(() => (turns += 1), 1)
  t.after(() => clearInterval(counting))
  const [neighbour, ...culprits] = await judged(clock, () => ask(byCel('event.data.count == 2')), ...attacks)
  assert.deepEqual(neighbour, { type: 'wanted' })
  assert.deepEqual(culprits, [{ type: 'failed' }, { type: 'failed' }, { type: 'failed' }])
  assert.ok(turns > 10, 'this thread goes on while two others are busy for good')
  assert.equal(
    await metric('gwh_filter_evaluations_total{outcome="overran"}'),
    'gwh_filter_evaluations_total{outcome="overran"} 3',
  )
})

test('a filter that was interrupted is not run for the next events, others of its object are, and later it is tried again', async (t) => {
  const { ask, clock } = aJudge(t, { workerUrl: oddWorker, limits: { processorMs: 50, elapsedMs: 3_600_000 } })
  const endless = () => ask(odd('endless'))
  assert.deepEqual(await judged(clock, endless), [{ type: 'failed' }])
  const untilMs = clock.now() + 10_000
  const paused = await endless()
  assert.ok(paused.type === 'paused' && paused.untilMs <= untilMs && paused.untilMs > clock.now())
  assert.deepEqual(await judged(clock, () => ask(byCel('true'), { sink: 'other' })), [{ type: 'wanted' }])
  await clock.advance({ seconds: 10 })
  assert.deepEqual(await judged(clock, endless), [{ type: 'failed' }])
  const longer = await endless()
  assert.ok(longer.type === 'paused' && longer.untilMs > clock.now() + 10_000)
})

test('a thread that makes no headway is given up, and its event is judged later', async (t) => {
  const { ask, clock, metric } = aJudge(t, { workerUrl: oddWorker, limits: { processorMs: 100, elapsedMs: 500 } })
  const [paused] = await judged(clock, () => ask(odd('asleep')))
  assert.equal(paused?.type, 'paused')
  assert.equal(
    await metric('gwh_filter_evaluations_total{outcome="stalled"}'),
    'gwh_filter_evaluations_total{outcome="stalled"} 1',
  )
  assert.deepEqual(await judged(clock, () => ask(byCel('true'), { sink: 'other' })), [{ type: 'wanted' }])
})

test('a thread that dies takes nobody with it: its event is tried once more, and then is the one to blame', async (t) => {
  const { ask, metric } = aJudge(t, { workerUrl: oddWorker })
  const [deadly, ...others] = await Promise.all([
    ask(odd('deadly'), { namespace: 'evil' }),
    ...['a', 'b', 'c'].map((namespace) => ask(byCel('event.data.count == 2'), { namespace })),
  ])
  assert.deepEqual(deadly, { type: 'failed' })
  assert.deepEqual(
    others,
    Array.from({ length: 3 }, () => ({ type: 'wanted' })),
  )
  assert.equal(
    await metric('gwh_filter_workers_ended_total{why="crashed"}'),
    'gwh_filter_workers_ended_total{why="crashed"} 2',
  )
})

const facts = { id: 'msg_1', source: '/a', attempt: 1 } as const
const everyEvent: SinkFilter = { typesExact: [], typesPrefix: [] }

test('a filter and a transform are one question, and the body comes back from the thread', async (t) => {
  const { judge, metric } = aJudge(t)
  const owner = { uid: 'uid', namespace: 'ml', name: 'hook' }
  const asked = async (filter: SinkFilter, body: string) => {
    const transform = { body, contentType: 'application/json', facts }
    return judge.judge({ owner, sink: 's', filter, transform, event: eventOf(JSON.stringify(batch)) }, nobody)
  }
  const made = await asked(byCel('event.data.count == 2'), '{"id": event.data.id, "n": event.attempt}')
  assert.ok(made.type === 'wanted')
  assert.equal(Buffer.from(made.content ?? []).toString(), '{"id":"batches/1","n":1}')
  assert.deepEqual(await asked(byCel('event.data.count == 3'), 'event.data.nope'), { type: 'unwanted' })
  const failed = { type: 'transformFailed', cause: 'expressionFailed' }
  assert.deepEqual(await asked(everyEvent, 'event.data.nope'), failed)
  assert.deepEqual(await asked(everyEvent, 'event.typo'), { type: 'transformInvalid' })
  assert.equal(
    await metric('gwh_filter_evaluation_processor_seconds_count'),
    'gwh_filter_evaluation_processor_seconds_count 4',
  )
  for (const outcome of ['made', 'expressionFailed', 'invalid']) {
    const line = `gwh_transforms_total{outcome="${outcome}"}`
    assert.equal(await metric(line), `${line} 1`)
  }
})

test('what plain parts refuse is refused at once, whatever would be made of it', (t) => {
  const { judge } = aJudge(t)
  const owner = { uid: 'uid', namespace: 'ml', name: 'hook' }
  const transform = { body: '1', contentType: 'application/json', facts }
  const filter = { ...everyEvent, typesExact: ['video.generated'] }
  const event = eventOf(JSON.stringify(batch))
  assert.deepEqual(judge.judge({ owner, sink: 's', filter, transform, event }, nobody), { type: 'unwanted' })
})

test('where only a transform computes, it is to blame for what never ends', async (t) => {
  const { judge, clock } = aJudge(t, { workerUrl: oddWorker, limits: { processorMs: 50, elapsedMs: 3_600_000 } })
  const owner = { uid: 'uid', namespace: 'ml', name: 'hook' }
  const transform = { body: '1', contentType: 'application/json', facts }
  const filter = { ...everyEvent, typesExact: ['endless'] }
  const event = eventOf(JSON.stringify({ type: 'endless' }))
  const ask = async () => judge.judge({ owner, sink: 's', filter, transform, event }, nobody)
  assert.deepEqual(await judged(clock, ask), [{ type: 'transformFailed', cause: 'interrupted' }])
  assert.equal((await ask()).type, 'paused')
})

test('an expression sees nothing of the process, and nothing of the events before', async (t) => {
  const { ask } = aJudge(t, { workerUrl: oddWorker })
  assert.deepEqual(await ask(odd('curious')), { type: 'unwanted' })
  const filter = byCel('has(event.data.secret)')
  assert.deepEqual(await ask(filter, { event: { data: { secret: 'a' } } }), { type: 'wanted' })
  assert.deepEqual(await ask(filter, { event: { data: {} } }), { type: 'unwanted' })
})

test('the thread of the receiver itself cannot see the process either', async (t) => {
  const { ask } = aJudge(t)
  for (const name of ['process', 'env', 'globalThis', 'require']) {
    assert.deepEqual(await ask(byCel(`${name}.a == 1`), { sink: name }), { type: 'invalid' })
  }
})

test('when the process ends, what has no turn yet is put off', async (t) => {
  const { judge, clock } = aJudge(t, { workerUrl: oddWorker })
  const ending = new AbortController()
  const ask = (sink: string) =>
    judge.judge(
      { owner: { uid: 'uid', namespace: 'ml', name: 'hook' }, sink, filter: odd('endless'), event: eventOf('{}') },
      ending.signal,
    )
  const asked = ['a', 'b', 'c', 'd'].map(ask)
  ending.abort()
  for (const one of asked) assert.deepEqual(await one, { type: 'waits', untilMs: clock.now() })
  await settle()
})

test('an expression sees how an event came, and how old it is when it is judged', async (t) => {
  const { judge, clock } = aJudge(t)
  const owner = { uid: 'uid', namespace: 'ml', name: 'hook' }
  const sentAtSeconds = clock.now() / 1_000 - 30
  const ask = (cel: string, json: object, mode: 'static' | 'dynamic' = 'static') => {
    const event = { body: Buffer.from(JSON.stringify(json)), mode, sentAtSeconds }
    return judge.judge({ owner, sink: 's', filter: byCel(cel), event }, nobody)
  }
  const hourAgo = { ...batch, timestamp: new Date(clock.now() - 3_600_000).toISOString() }
  assert.deepEqual(await ask('event.age == duration("1h")', hourAgo), { type: 'wanted' }, 'since it happened')
  assert.deepEqual(await ask('event.age == duration("30s")', batch), { type: 'wanted' }, 'since it was sent')
  const later = { ...batch, timestamp: new Date(clock.now() + 60_000).toISOString() }
  assert.deepEqual(await ask('event.age == duration("0s")', later), { type: 'wanted' }, 'never negative')
  assert.deepEqual(await ask('event.mode == "dynamic"', batch, 'dynamic'), { type: 'wanted' })
  assert.deepEqual(await ask('event.mode == "dynamic"', batch), { type: 'unwanted' })
  await clock.advance({ minutes: 1 })
  assert.deepEqual(await ask('event.age < duration("1h")', hourAgo), { type: 'unwanted' }, 'as of now')
})
