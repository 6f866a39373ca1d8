import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { startChatWebhook } from '../../../playground/chat-webhook.ts'
import { systemClock } from '../../../src/clock.ts'
import { keyringEntrySchema, type ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { toStoredEntry } from '../../../src/contract/keyring/newer-sinks.ts'
import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import { expressionsIn } from '../../../src/filter/expression.ts'
import { createFilterJudge, type FilterQuestion, type JudgeFilter } from '../../../src/filter/judge-filter.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import type { Sink } from '../../../src/sinks/port.ts'
import { aClaim, anHttpSink, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { SinkDouble } from '../../support/doubles/sink-double.ts'
import { eventually } from '../../support/measures/eventually.ts'

const transformOf = (body: string) =>
  ({ body, contentType: 'application/json', method: 'POST', headers: { 'x-source': 'gwh' } }) as const

const message =
  '{"text": "%s gave up %s after %d: %s".format([event.deadlettersink, event.subject, event.deadletterattempts, event.deadletterreason])}'

interface Given {
  readonly sinks: Sink
  readonly judgeFilter: JudgeFilter
  /** Whether the owner of the event may have it, asked each time. */
  readonly maySee?: () => boolean
}

/** A dispatcher with one delivery for `sink`, as its entry comes out of a keyring. */
function aDispatcher(t: TestContext, sink: ResolvedSink, given: Given) {
  const entry = { uid: 'uid-1', namespace: 'ml', name: 'batch-events', secrets: [], sinks: [sink] }
  const { sinks } = keyringEntrySchema.parse(JSON.parse(JSON.stringify(toStoredEntry(entry))))
  const lines: Record<string, unknown>[] = []
  const write = (details: object, name: string) => void lines.push({ line: name, ...details })
  const clock = new FakeClock()
  const inbox = new MemoryInbox(clock)
  const dispatcher = createDispatcher({
    inbox,
    resolveSink: () => sinks[0] ?? 'sinkRemoved',
    clock,
    random: () => 0.5,
    logger: { ...silentLogger, info: write, warn: write },
    metrics: createMetrics(),
    maxInFlight: 8,
    ...given,
  })
  t.after(() => dispatcher.drain(0))
  inbox.add(aClaim({ attempts: 2 }))
  dispatcher.start()
  const ended = () =>
    eventually('the delivery has ended', async () => {
      await clock.advance({ ms: 500 })
      return inbox.endOf('1')
    })
  const forwarded = () => lines.filter(({ line }) => line === 'deadletter.forwarded')
  return { clock, ended, forwarded }
}

/** The judge that receivers have, with threads, and the sink by HTTP. */
function theRealOnes(t: TestContext, sink: ResolvedSink): Given {
  const addressRules = createAddressRules({ allowLoopback: true })
  const sinks = createHttpSink({ parseEnvelope, clock: systemClock, addressRules })
  const options = { expressionsOf: () => expressionsIn([sink]), clock: systemClock, logger: silentLogger }
  const judge = createFilterJudge({ ...options, metrics: createMetrics() })
  t.after(async () => {
    await judge.close()
    await sinks.close()
  })
  return { sinks, judgeFilter: judge.judge }
}

async function aChat(t: TestContext) {
  const chat = await startChatWebhook({ host: '127.0.0.1', port: 0, path: '/services/T/B/x' })
  t.after(() => chat.close())
  const destination = { type: 'http', url: `http://127.0.0.1:${chat.port}${chat.path}`, reach: 'cluster' } as const
  return { chat, destination }
}

test('a chat that takes nothing but messages is told of a dead letter', async (t) => {
  const { chat, destination } = await aChat(t)
  // The chat itself refuses what the sink is sent: no text.
  const { url } = destination
  const given = { transform: transformOf('{"no": "text"}'), deadLetter: destination }
  const sink = anHttpSink(url, { ...given, deadLetterTransform: transformOf(message) })
  const { ended, forwarded } = aDispatcher(t, sink, theRealOnes(t, sink))
  assert.deepEqual(await ended(), { type: 'DeadLetter', reason: 'Rejected', cause: 'refused 400' })
  assert.deepEqual(chat.texts, ['worker gave up batches/abc123 after 3: Rejected'])
  assert.deepEqual(
    forwarded().map(({ outcome }) => outcome),
    ['delivered'],
  )
})

test('what the transform of the sink cannot make is told as well', async (t) => {
  const { chat, destination } = await aChat(t)
  const deadLetterTransform = transformOf('{"text": event.deadletterreason + " " + event.deadlettercause}')
  const given = { transform: transformOf('event.data.nope'), deadLetter: destination, deadLetterTransform }
  const sink = anHttpSink(destination.url, given)
  const { ended } = aDispatcher(t, sink, theRealOnes(t, sink))
  assert.deepEqual(await ended(), { type: 'DeadLetter', reason: 'TransformError', cause: 'expressionFailed' })
  assert.deepEqual(chat.texts, ['TransformError expressionFailed'])
})

const unmade = [
  { why: 'fails on this event', body: '{"text": event.data.nope}', cause: 'expressionFailed' },
  { why: 'may not run here', body: '{"text": event.nope}', cause: 'transformInvalid' },
]
for (const { why, body, cause } of unmade) {
  test(`where its transform ${why}, nothing is sent, the dead letter is kept and the log has the cause`, async (t) => {
    const double = new SinkDouble(() => ({ type: 'permanent', cause: 'refused', status: 422 }))
    const { destination } = aSink()
    if (destination.type !== 'http') assert.fail()
    const sink = aSink({ deadLetter: destination, deadLetterTransform: transformOf(body) })
    const { ended, forwarded } = aDispatcher(t, sink, { ...theRealOnes(t, sink), sinks: double })
    assert.deepEqual(await ended(), { type: 'DeadLetter', reason: 'Rejected', cause: 'refused 422' })
    assert.deepEqual(
      double.sent.map(({ deadLetter }) => deadLetter),
      [undefined],
    )
    const [{ namespace, eventId, sink: named, outcome, cause: word, reason } = assert.fail()] = forwarded()
    assert.deepEqual([namespace, eventId, named], ['ml', 'msg_1', 'worker'])
    assert.deepEqual([outcome, word, reason], ['permanent', cause, 'Rejected'])
  })
}

/** Refused by its sink, taken by its dead letter destination; the test judges the transform of the latter. */
function byScript(t: TestContext, judge: JudgeFilter, given: Partial<Given> = {}) {
  const questions: FilterQuestion[] = []
  const sinks = new SinkDouble(({ deadLetter }) =>
    deadLetter === undefined ? { type: 'permanent', cause: 'refused' } : { type: 'delivered' },
  )
  const { destination } = aSink()
  if (destination.type !== 'http') assert.fail()
  const sink = aSink({ deadLetter: destination, deadLetterTransform: transformOf(message) })
  const judgeFilter: JudgeFilter = (question, signal) => {
    questions.push(question)
    return judge(question, signal)
  }
  return { questions, sinks, ...aDispatcher(t, sink, { sinks, judgeFilter, ...given }) }
}

const content = Buffer.from('{"text":"a"}')
const forwards = ({ sent }: SinkDouble) => sent.filter(({ deadLetter }) => deadLetter !== undefined)

test('a transform that had no turn is asked for again, and what it made is kept for the next try', async (t) => {
  let asked = 0
  const { sinks, questions, ended } = byScript(t, () =>
    ++asked === 1 ? { type: 'waits', untilMs: 0 } : { type: 'wanted', content },
  )
  sinks.willAnswer(({ deadLetter, attempt }) => {
    if (deadLetter === undefined) return { type: 'permanent', cause: 'refused' }
    return attempt < 3 ? { type: 'retryable', cause: 'timeout' } : { type: 'delivered' }
  })
  await ended()
  assert.equal(questions.length, 2)
  assert.deepEqual(
    forwards(sinks).map(({ attempt, content: sent }) => [attempt, sent]),
    [
      [2, content],
      [3, content],
    ],
  )
})

test('it is asked about beside its sink, with what happened, and not with the filter of the sink', async (t) => {
  const { questions, ended } = byScript(t, () => ({ type: 'wanted', content }))
  await ended()
  const [{ sink, filter, transform } = assert.fail()] = questions
  assert.deepEqual([sink, filter], ['worker/deadLetter', { typesExact: [], typesPrefix: [] }])
  assert.deepEqual(transform?.facts, {
    id: 'msg_1',
    source: transform?.facts.source,
    attempt: 1,
    deadLetter: { reason: 'Rejected', sink: 'worker', attempts: 3, cause: 'refused' },
  })
})

test('what was made too late to be sent within the half minute is not sent', async (t) => {
  const { promise, resolve } = Promise.withResolvers<{ type: 'wanted'; content: Buffer }>()
  const { clock, sinks, ended, forwarded } = byScript(t, () => promise)
  await settle()
  await clock.advance({ seconds: 23 })
  resolve({ type: 'wanted', content })
  assert.deepEqual(await ended(), { type: 'DeadLetter', reason: 'Rejected', cause: 'refused' })
  assert.deepEqual(forwards(sinks), [])
  assert.equal(forwarded()[0]?.['cause'], 'filterWaits')
})

test('an owner whose consent ended while the message was made is sent nothing', async (t) => {
  let isSeen = true
  const { sinks, ended } = byScript(
    t,
    () => {
      isSeen = false
      return { type: 'wanted', content }
    },
    { maySee: () => isSeen },
  )
  await ended()
  assert.deepEqual(forwards(sinks), [])
})

test('a dead letter destination without a transform asks nobody, and gets the event itself', async (t) => {
  const sinks = new SinkDouble(({ deadLetter }) =>
    deadLetter === undefined ? { type: 'permanent', cause: 'refused' } : { type: 'delivered' },
  )
  const { destination } = aSink()
  if (destination.type !== 'http') assert.fail()
  let asked = 0
  const judgeFilter: JudgeFilter = (question, signal) => {
    asked += 1
    return judgeHere()(question, signal)
  }
  const { ended } = aDispatcher(t, aSink({ deadLetter: destination }), { sinks, judgeFilter })
  await ended()
  assert.equal(asked, 0)
  assert.deepEqual(
    forwards(sinks).map(({ content: made, sink }) => [made, sink.transform]),
    [[undefined, undefined]],
  )
})
