import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import type { FilterQuestion, Judgement } from '../../../src/filter/judge-filter.ts'
import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aClaim, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { SinkDouble } from '../../support/doubles/sink-double.ts'

const byCel = (cel: string) => ({ typesExact: [], typesPrefix: [], cel })
const filtered = (given: Partial<ResolvedSink> = {}) => aSink({ filter: byCel('event.data.a == 1'), ...given })

/** A dispatcher whose filters are judged by the test: `answer` gives the oldest question that waits its answer. */
function aDispatcher(sinks: readonly ResolvedSink[]) {
  const clock = new FakeClock()
  const inbox = new MemoryInbox(clock)
  const sink = new SinkDouble()
  const known = new Map(sinks.map((one) => [one.name, one]))
  const questions: FilterQuestion[] = []
  const open: ((judgement: Judgement) => void)[] = []
  let always: Judgement | undefined
  const dispatcher = createDispatcher({
    inbox,
    sinks: sink,
    resolveSink: (_uid, name) => known.get(name) ?? 'sinkRemoved',
    judgeFilter: (question, signal) => {
      questions.push(question)
      if (always !== undefined) return always
      return new Promise((resolve) => {
        open.push(resolve)
        signal.addEventListener('abort', () => resolve({ type: 'waits', untilMs: clock.now() }))
      })
    },
    clock,
    random: () => 0.5,
    logger: silentLogger,
    metrics: createMetrics(),
    maxInFlight: 256,
  })
  dispatcher.start()
  const add = async (...claims: Parameters<typeof aClaim>[0][]) => {
    inbox.add(...claims.map((claim) => aClaim(claim)))
    dispatcher.nudge()
    await settle()
    await settle()
  }
  const answer = async (judgement: Judgement) => {
    open.shift()?.(judgement)
    await settle()
    await settle()
  }
  const answerAlways = (judgement: Judgement | undefined) => (always = judgement)
  return { clock, inbox, sink, known, questions, dispatcher, add, answer, answerAlways }
}

const numbered = (sink: string, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    deliveryId: `${sink}-${at}`,
    sink,
    event: anEvent({ eventId: `${sink}-${at}` }),
  }))

test('others are sent while a filter takes its time', async () => {
  const { inbox, add, answer } = aDispatcher([filtered({ name: 'slow' }), aSink({ name: 'plain' })])
  await add(...numbered('slow', 1), ...numbered('plain', 1))
  assert.deepEqual(inbox.endOf('plain-0'), { type: 'Succeed' })
  assert.equal(inbox.endOf('slow-0'), undefined)
  await answer({ type: 'wanted' })
  assert.deepEqual(inbox.endOf('slow-0'), { type: 'Succeed' })
})

test('a delivery that had no turn is put off, spends no attempt, and is judged later', async () => {
  const { clock, inbox, sink, add, answer } = aDispatcher([filtered()])
  await add({})
  await answer({ type: 'waits', untilMs: clock.now() + 1_000 })
  assert.deepEqual(
    inbox.steps.map(({ next }) => next),
    [{ type: 'Hold', untilMs: clock.now() + 1_000, cause: 'filterWaits' }],
  )
  await clock.advance({ seconds: 2 })
  await answer({ type: 'wanted' })
  assert.deepEqual(inbox.endOf('1'), { type: 'Succeed' })
  assert.equal(sink.sent[0]?.attempt, 1)
})

test('a delivery that was judged for longer than its lease allows is claimed once more, and not sent late', async () => {
  const { clock, inbox, sink, add, answer } = aDispatcher([filtered()])
  await add({})
  await clock.advance({ seconds: 30 })
  await answer({ type: 'wanted' })
  assert.equal(sink.sent.length, 0)
  assert.deepEqual(inbox.steps[0]?.next, { type: 'Hold', untilMs: clock.now() })
  await answer({ type: 'wanted' })
  assert.deepEqual(inbox.endOf('1'), { type: 'Succeed' })
})

test('a verdict that needs no attempt holds, however late it comes', async () => {
  const { clock, inbox, questions, add, answer } = aDispatcher([filtered()])
  await add({})
  await clock.advance({ seconds: 30 })
  await answer({ type: 'unwanted' })
  assert.deepEqual(inbox.endOf('1'), { type: 'Skip' })
  assert.equal(questions.length, 1)
})

test('a filter that was corrected meanwhile judges anew, and a sink that is gone gets nothing', async () => {
  const { inbox, sink, known, questions, add, answer } = aDispatcher([filtered(), filtered({ name: 'gone' })])
  await add({}, ...numbered('gone', 1))
  known.set('worker', filtered({ filter: byCel('event.data.a == 2') }))
  known.delete('gone')
  await answer({ type: 'wanted' })
  await answer({ type: 'wanted' })
  assert.deepEqual(inbox.endOf('gone-0'), { type: 'DeadLetter', reason: 'SinkRemoved' })
  assert.equal(sink.sent.length, 0)
  await answer({ type: 'unwanted' })
  assert.deepEqual(
    questions.map(({ filter }) => filter.cel),
    ['event.data.a == 1', 'event.data.a == 1', 'event.data.a == 2'],
  )
  assert.deepEqual(inbox.endOf('1'), { type: 'Skip' })
})

test('a sink that was found failing while an event was judged is left alone', async () => {
  const { clock, inbox, sink, add, answer } = aDispatcher([filtered()])
  sink.willAnswer(() => ({ type: 'unauthorized', status: 401 }))
  await add(...numbered('worker', 2))
  await answer({ type: 'wanted' })
  await answer({ type: 'wanted' })
  assert.equal(sink.sent.length, 1)
  const held = inbox.steps.at(-1)?.next
  assert.ok(held?.type === 'Hold' && held.untilMs > clock.now() && held.cause === 'circuitOpen')
})

test('what is being judged when the process ends is given back', async () => {
  const { clock, inbox, dispatcher, add } = aDispatcher([filtered()])
  await add({})
  const drained = dispatcher.drain(1_000)
  await clock.advance({ seconds: 2 })
  await drained
  assert.deepEqual(
    inbox.steps.map(({ next }) => next.type),
    ['Hold'],
  )
})

const transform = {
  body: '{"a": event.attempt}',
  contentType: 'application/json',
  method: 'POST',
  headers: {},
} as const

test('what the transform made of an event is sent, and each attempt asks for its own', async () => {
  const { clock, inbox, sink, questions, add, answer } = aDispatcher([aSink({ transform })])
  sink.willAnswer(() => ({ type: 'retryable', cause: 'timeout' }))
  await add({})
  await answer({ type: 'wanted', content: Buffer.from('{"a":1}') })
  sink.willAnswer(() => ({ type: 'delivered' }))
  await clock.advance({ seconds: 5 })
  await answer({ type: 'wanted', content: Buffer.from('{"a":2}') })
  assert.deepEqual(inbox.endOf('1'), { type: 'Succeed' })
  assert.deepEqual(
    sink.sent.map(({ content }) => String(content)),
    ['{"a":1}', '{"a":2}'],
  )
  const source = '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events'
  const facts = { id: 'msg_1', source }
  assert.deepEqual(
    questions.map((question) => question.transform?.facts),
    [
      { ...facts, attempt: 1 },
      { ...facts, attempt: 2 },
    ],
  )
  assert.deepEqual(questions[0]?.filter, { typesExact: [], typesPrefix: [] }, 'every event is wanted')
})

test('an event that the transform fails on is a dead letter with the cause, and the next one is sent', async () => {
  const { inbox, sink, add, answer } = aDispatcher([aSink({ transform })])
  await add(...numbered('worker', 2))
  await answer({ type: 'transformFailed', cause: 'expressionFailed' })
  await answer({ type: 'wanted', content: Buffer.from('{}') })
  const given = { type: 'DeadLetter', reason: 'TransformError', cause: 'expressionFailed' } as const
  assert.deepEqual([inbox.endOf('worker-0'), inbox.endOf('worker-1')], [given, { type: 'Succeed' }])
  assert.equal(sink.sent.length, 1)
})

test('a transform that was corrected meanwhile is asked anew', async () => {
  const { sink, known, questions, add, answer } = aDispatcher([aSink({ transform })])
  await add({})
  known.set('worker', aSink({ transform: { ...transform, body: '2' } }))
  await answer({ type: 'wanted', content: Buffer.from('1') })
  assert.equal(sink.sent.length, 0)
  await answer({ type: 'wanted', content: Buffer.from('2') })
  assert.deepEqual([questions.length, String(sink.sent[0]?.content)], [2, '2'])
})

test('what waits for a transform that may not run, or was interrupted, ends with it once retryFor is over', async () => {
  for (const [judgement, cause] of [
    [{ type: 'transformInvalid' }, 'transformInvalid'],
    [{ type: 'paused', untilMs: Infinity }, 'filterInterrupted'],
  ] as const) {
    const { clock, inbox, add, answer } = aDispatcher([aSink({ transform })])
    await add({ firstDueMs: clock.now() - 90_000_000 })
    await answer(judgement)
    assert.deepEqual(inbox.endOf('1'), { type: 'DeadLetter', reason: 'TransformError', cause })
  }
})

for (const judgement of [
  { type: 'invalid' },
  { type: 'transformInvalid' },
  { type: 'paused', untilMs: Date.parse('2026-11-21T12:00:30Z') },
] as const) {
  test(`a backlog whose filter is ${judgement.type} costs one look in half a minute, whatever its size, and all goes out afterwards`, async () => {
    const { clock, inbox, questions, add, answerAlways } = aDispatcher([
      filtered({ name: 'wrong' }),
      aSink({ name: 'plain' }),
    ])
    answerAlways(judgement)
    await add(...numbered('wrong', 300))
    const atOnce = questions.length
    assert.ok(atOnce <= 8, `${atOnce} were judged at once`)
    if (judgement.type !== 'paused') {
      await clock.advance({ minutes: 5 })
      assert.ok(questions.length - atOnce <= 11, `${questions.length - atOnce} were judged in five minutes`)
    }
    await add(...numbered('plain', 1))
    assert.deepEqual(inbox.endOf('plain-0'), { type: 'Succeed' })
    answerAlways({ type: 'wanted' })
    await clock.advance({ minutes: 1 })
    assert.ok(numbered('wrong', 300).every(({ deliveryId }) => inbox.endOf(deliveryId)?.type === 'Succeed'))
  })
}
