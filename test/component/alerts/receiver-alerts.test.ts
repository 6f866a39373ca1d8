import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import { createJetstreamInstruments } from '../../../src/inbox/jetstream/jetstream-instruments.ts'
import type { InboxBounds } from '../../../src/inbox/bounds.ts'
import { InboxUnavailableError } from '../../../src/inbox/port.ts'
import { createInboxInstruments } from '../../../src/inbox/sqlite/inbox-instruments.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics, type MetricsRegistry } from '../../../src/observability/metrics.ts'
import { EndpointActivity } from '../../../src/receiver/endpoint-activity.ts'
import { createReportWriter } from '../../../src/receiver/report-writer.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aClaim, aSink } from '../../support/builders/deliveries.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { fillUp } from '../../support/builders/fill-up.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { AlertBench } from '../../support/measures/promql/alert-bench.ts'
import { aKeyringEntry, aReceiver, aSecret, directoryOf, signedHeaders } from '../../support/worlds/receiver-fixture.ts'
import { SinkDouble } from '../../support/doubles/sink-double.ts'

const body = '{"type":"batch.succeeded","version":"v1","data":{"id":"batches/1"}}'
const textOf = async (metrics: MetricsRegistry) => (await metrics.expose()).text

/** A bench on which this scrape has been seen for two hours, and no alert about a receiver fired. */
function healthyBench(receiver: string): AlertBench {
  const bench = new AlertBench()
  bench.hold({ receiver }, 120)
  assert.deepEqual(firing(bench), [])
  return bench
}
/** Nobody scrapes a controller here, and of a receiver only the part that matters. */
const expected = new Set(['GwhNoLeader', 'GwhReceiverAbsent'])
const firing = (bench: AlertBench) => bench.firing().filter((name) => !expected.has(name))

function aReceiverPod(inbox = new InboxDouble()) {
  const clock = new FakeClock()
  const entry = aKeyringEntry()
  const { receiver, metrics } = aReceiver({ directory: directoryOf(entry), inbox, clock })
  const post = (id: string, { secrets = entry.secrets, agoSeconds = 0 } = {}) => {
    const timestampSeconds = Math.floor(clock.now() / 1000) - agoSeconds
    const headers = signedHeaders({ id, body, timestampSeconds, secrets })
    return receiver.inject({ method: 'POST', url: '/v1/s/ml/batch-events', headers, payload: body })
  }
  return { clock, inbox, post, scrape: () => textOf(metrics) }
}

test('one genuine delivery that is refused is enough', async () => {
  const { inbox, post, scrape } = aReceiverPod()
  inbox.willAnswer('stored', 'duplicate', new InboxUnavailableError('the disk is gone'))
  await post('one')
  await post('one')
  const bench = healthyBench(await scrape())
  assert.equal((await post('two')).statusCode, 503)
  bench.step({ receiver: await scrape() })
  assert.deepEqual(firing(bench), ['GwhAuthenticDeliveriesRefused'])
})

test('a genuine delivery that is stale counts, a forged one that is stale does not', async () => {
  const { post, scrape } = aReceiverPod()
  const bench = healthyBench(await scrape())
  await post('forged', { secrets: [aSecret()], agoSeconds: 600 })
  bench.step({ receiver: await scrape() })
  assert.deepEqual(firing(bench), [])
  await post('stale', { agoSeconds: 600 })
  bench.step({ receiver: await scrape() })
  assert.deepEqual(firing(bench), ['GwhAuthenticDeliveriesRefused'])
})

test('forgeries that go on for half an hour are told, some that stop are not', async () => {
  const { post, scrape } = aReceiverPod()
  const bench = healthyBench(await scrape())
  const attack = async (minutes: number) => {
    for (let round = 0; round < minutes * 2; round += 1) {
      for (const id of ['a', 'b', 'c']) assert.equal((await post(id, { secrets: [aSecret()] })).statusCode, 401)
      bench.step({ receiver: await scrape() })
    }
  }
  await attack(10)
  bench.hold({ receiver: await scrape() }, 30)
  assert.deepEqual(firing(bench), [])
  await attack(30)
  assert.deepEqual(firing(bench), ['GwhDeliveriesUnverified'])
})

test('no receiver that is scraped is told, unless it is only away for a moment', async () => {
  const { scrape } = aReceiverPod()
  const bench = healthyBench(await scrape())
  bench.hold({}, 2)
  bench.hold({ receiver: await scrape() }, 1)
  assert.ok(!bench.firing().includes('GwhReceiverAbsent'))
  bench.hold({}, 11)
  assert.ok(bench.firing().includes('GwhReceiverAbsent'))
})

async function anInbox(t: TestContext, bounds: Partial<InboxBounds>) {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-alerts-'))
  t.after(() => rm(folder, { recursive: true }))
  const clock = new FakeClock()
  const metrics = createMetrics()
  const inbox = await openSqliteInbox({ path: join(folder, 'inbox.db'), clock, logger: silentLogger, metrics, bounds })
  t.after(() => inbox.close())
  await inbox.append(anEvent({ eventId: 'first' }))
  return { clock, inbox, scrape: () => textOf(metrics) }
}

test('an inbox that is more than four fifths full is told', async (t) => {
  const { inbox, scrape } = await anInbox(t, { maxBytes: 2 * 1024 * 1024, ownerShare: 1 })
  const bench = healthyBench(await scrape())
  await fillUp(inbox, 64 * 1024)
  bench.hold({ receiver: await scrape() }, 9)
  assert.ok(!firing(bench).includes('GwhInboxFilling'))
  bench.hold({ receiver: await scrape() }, 2)
  assert.ok(firing(bench).includes('GwhInboxFilling'))
})

test('a full inbox is told at once, with the first delivery that is refused for it', async () => {
  const { inbox, post, scrape } = aReceiverPod()
  const bench = healthyBench(await scrape())
  inbox.willAnswer('inboxFull')
  await post('one')
  bench.step({ receiver: await scrape() })
  assert.deepEqual(firing(bench), ['GwhAuthenticDeliveriesRefused', 'GwhInboxFull'])
})

test('an owner that has its share is told as such, and as nothing that concerns everybody', async () => {
  const { inbox, post, scrape } = aReceiverPod()
  const bench = healthyBench(await scrape())
  inbox.willAnswer('ownerFull')
  await post('one')
  bench.step({ receiver: await scrape() })
  assert.deepEqual(firing(bench), ['GwhOwnerFull'])
})

test('an inbox that cannot be written is told, on a disk and in NATS', async () => {
  const onDisk = createMetrics()
  const instruments = createInboxInstruments(onDisk)
  const disk = healthyBench(await textOf(onDisk))
  instruments.failures.add()
  disk.step({ receiver: await textOf(onDisk) })
  assert.ok(firing(disk).includes('GwhInboxWritesFailing'))

  const inNats = createMetrics()
  const { connected, failures } = createJetstreamInstruments(inNats)
  connected.set(1)
  const nats = healthyBench(await textOf(inNats))
  failures.add()
  nats.step({ receiver: await textOf(inNats) })
  assert.ok(firing(nats).includes('GwhInboxWritesFailing'))
  nats.hold({ receiver: await textOf(inNats) }, 15)
  assert.ok(!firing(nats).includes('GwhInboxWritesFailing'))
  connected.set(0)
  nats.step({ receiver: await textOf(inNats) })
  assert.ok(firing(nats).includes('GwhInboxWritesFailing'))
})

test('a delivery that waits for more than an hour is told', async (t) => {
  const { clock, inbox, scrape } = await anInbox(t, {})
  const bench = healthyBench(await scrape())
  await clock.advance({ minutes: 61 })
  await inbox.append(anEvent({ eventId: 'second' }))
  bench.hold({ receiver: await scrape() }, 11)
  assert.ok(firing(bench).includes('GwhDeliveriesLate'))
})

test('dead letters that end for good are told', async (t) => {
  const { inbox, scrape } = await anInbox(t, { maxDeadLetters: 2, deadLetterShare: 1 })
  const bench = healthyBench(await scrape())
  for (const eventId of ['second', 'third', 'fourth']) await inbox.append(anEvent({ eventId }))
  for (const claim of await inbox.claimDue(10, 60_000)) {
    await inbox.record(claim, { type: 'DeadLetter', reason: 'Rejected' })
  }
  bench.step({ receiver: await scrape() })
  assert.ok(firing(bench).includes('GwhDeadLettersDropped'))
})

function aDispatch(outcome: (sink: string) => SendOutcome) {
  const clock = new FakeClock()
  const inbox = new MemoryInbox(clock)
  const metrics = createMetrics()
  const dispatcher = createDispatcher({
    inbox,
    sinks: new SinkDouble(({ sink }) => outcome(sink.name)),
    resolveSink: (_uid, name) => aSink({ name }),
    judgeFilter: judgeHere(),
    clock,
    random: () => 0.5,
    logger: silentLogger,
    metrics,
    maxInFlight: 256,
  })
  dispatcher.start()
  let sent = 0
  const deliver = async (sink = 'worker') => {
    sent += 1
    inbox.add(aClaim({ deliveryId: `d-${sent}`, sink, event: anEvent({ eventId: `d-${sent}` }) }))
    dispatcher.nudge()
    for (let turn = 0; turn < 4; turn += 1) await settle()
  }
  return { clock, deliver, scrape: () => textOf(metrics) }
}

test('a sink that takes nothing for most of an hour is told, one failure is not', async () => {
  let outcome: SendOutcome = { type: 'delivered' }
  const { clock, deliver, scrape } = aDispatch(() => outcome)
  await deliver()
  const bench = healthyBench(await scrape())
  outcome = { type: 'retryable', cause: 'status', status: 503 }
  await deliver()
  bench.hold({ receiver: await scrape() }, 60)
  assert.deepEqual(firing(bench), [])
  for (let passed = 0; passed < 80; passed += 1) {
    await deliver()
    await clock.advance({ seconds: 30 })
    bench.step({ receiver: await scrape() })
  }
  assert.deepEqual(firing(bench), ['GwhSinkFailing'])
})

test('one sink that takes nothing is told, though others take a hundred times as much', async () => {
  const { clock, deliver, scrape } = aDispatch((name) =>
    name === 'broken' ? { type: 'retryable', cause: 'status', status: 503 } : { type: 'delivered' },
  )
  await deliver('fine')
  const bench = healthyBench(await scrape())
  await deliver('broken')
  for (let passed = 0; passed < 40; passed += 1) {
    for (let sent = 0; sent < 20; sent += 1) await deliver('fine')
    await clock.advance({ seconds: 30 })
    bench.step({ receiver: await scrape() })
  }
  assert.deepEqual(firing(bench), ['GwhSinkFailing'])
})

test('one sink that gives up everything at once is told as well, and no more once it takes events', async () => {
  let isBroken = true
  const { clock, deliver, scrape } = aDispatch((name) =>
    name === 'broken' && isBroken ? { type: 'permanent', cause: 'refused', status: 422 } : { type: 'delivered' },
  )
  await deliver('fine')
  const bench = healthyBench(await scrape())
  const pass = async (minutes: number) => {
    for (let passed = 0; passed < minutes * 2; passed += 1) {
      for (const sink of ['broken', 'fine', 'fine', 'fine']) await deliver(sink)
      await clock.advance({ seconds: 30 })
      bench.step({ receiver: await scrape() })
    }
  }
  await pass(20)
  assert.deepEqual(firing(bench), ['GwhSinkFailing', 'GwhDeadLetters'])
  isBroken = false
  await pass(20)
  assert.deepEqual(firing(bench), [])
})

test('a sink that refuses our credentials is told', async () => {
  let outcome: SendOutcome = { type: 'delivered' }
  const { deliver, scrape } = aDispatch(() => outcome)
  await deliver()
  const bench = healthyBench(await scrape())
  outcome = { type: 'unauthorized', status: 403 }
  await deliver()
  bench.hold({ receiver: await scrape() }, 11)
  assert.deepEqual(firing(bench), ['GwhSinkRefusesCredentials'])
})

test('one dead letter is enough', async () => {
  let outcome: SendOutcome = { type: 'delivered' }
  const { deliver, scrape } = aDispatch(() => outcome)
  await deliver()
  const bench = healthyBench(await scrape())
  outcome = { type: 'permanent', cause: 'status', status: 400 }
  await deliver()
  bench.step({ receiver: await scrape() })
  assert.deepEqual(firing(bench), ['GwhDeadLetters'])
})

test('reports that cannot be written for half an hour are told', async () => {
  const clock = new FakeClock()
  const metrics = createMetrics()
  const activity = new EndpointActivity()
  let isAway = false
  const writer = createReportWriter({
    client: {
      get: () => Promise.resolve(undefined),
      patch: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve({} as never)),
    },
    namespace: 'gemini-webhook-system',
    podName: 'gwh-receiver-0',
    directory: directoryOf(aKeyringEntry()),
    activity,
    ownInbox: true,
    inbox: {
      stats: () =>
        Promise.resolve({
          events: 0,
          bodyBytes: 0,
          pending: 0,
          deadLetters: 0,
          oldestPendingMs: 0,
          pendingByOwner: new Map(),
          lastDropMsByOwner: new Map(),
          rememberedIds: 0,
          kept: 0,
          byNamespace: new Map(),
        }),
    },
    clock,
    logger: silentLogger,
    metrics,
  })
  writer.start()
  const bench = healthyBench(await textOf(metrics))
  isAway = true
  for (let passed = 0; passed < 70; passed += 1) {
    activity.noteVerified('uid-1', clock.now())
    await clock.advance({ seconds: 30 })
    bench.step({ receiver: await textOf(metrics) })
  }
  assert.ok(firing(bench).includes('GwhReportsFailing'))
  isAway = false
  await clock.advance({ minutes: 1 })
  bench.hold({ receiver: await textOf(metrics) }, 16)
  assert.ok(!firing(bench).includes('GwhReportsFailing'))
  await eventually('the writer stops', async () => {
    await writer.stop()
    return true
  })
})
