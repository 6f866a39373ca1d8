import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import type { InboxOwner, PendingDelivery, PendingPosition } from '../../../src/inbox/port.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { startSampleWorker } from '../../../playground/sample-worker.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import { anHttpSink } from '../../support/builders/deliveries.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'

const machinery = { clock: systemClock, logger: silentLogger }

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-dispatcher-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

/** One life of a receiver without its front: the inbox in a file, the dispatcher, the HTTP sink. */
async function aLife(path: string, sinks: Readonly<Record<string, ResolvedSink>>, maxInFlight = 64) {
  const metrics = createMetrics()
  const inbox = await openSqliteInbox({ path, metrics, ...machinery })
  const http = createHttpSink({
    parseEnvelope,
    clock: systemClock,
    addressRules: createAddressRules({ allowLoopback: true }),
  })
  const dispatcher = createDispatcher({
    inbox,
    sinks: http,
    resolveSink: (_uid, name) => sinks[name] ?? 'sinkRemoved',
    judgeFilter: judgeHere(),
    random: () => 0.5,
    metrics,
    maxInFlight,
    ...machinery,
  })
  const end = async (drainMs: number) => {
    await dispatcher.drain(drainMs)
    await http.close()
    await inbox.close()
  }
  return { inbox, dispatcher, end }
}

test('from the file to the worker: everything once, dead letters replayable and then marked', async (t) => {
  const worker = await startSampleWorker({ host: '127.0.0.1', port: 0 })
  const refuser = await startSampleWorker({ host: '127.0.0.1', port: 0 })
  t.after(() => Promise.all([worker.close(), refuser.close()]))
  refuser.refuseWith(422)
  const { inbox, dispatcher, end } = await aLife(join(await aFolder(t), 'inbox.db'), {
    worker: anHttpSink(`http://127.0.0.1:${worker.port}/`),
    refuser: anHttpSink(`http://127.0.0.1:${refuser.port}/`, { name: 'refuser' }),
  })
  dispatcher.start()
  const ids = Array.from({ length: 200 }, (_, at) => `msg_${at}`)
  const append = async (eventId: string) => {
    const stored = await inbox.append(
      anEvent({ eventId, receivedAtMs: systemClock.now(), sinks: ['worker', 'refuser'] }),
    )
    assert.equal(stored, 'stored')
    dispatcher.nudge()
  }
  await Promise.all(ids.map(append))
  await eventually('all deliveries to end', async () => (await inbox.stats()).pending === 0, { timeoutMs: 10_000 })
  assert.deepEqual(worker.events.map(({ id }) => id).toSorted(), ids.toSorted())
  const { deadLetters } = await inbox.deadLetters({ limit: 1_000 })
  assert.equal(deadLetters.length, 200)
  assert.ok(deadLetters.every(({ reason, sink }) => reason === 'Rejected' && sink === 'refuser'))

  refuser.refuseWith(undefined)
  assert.equal(await inbox.replay(deadLetters[0]?.deliveryId ?? ''), true)
  dispatcher.nudge()
  const replayed = await eventually('the replay', () => refuser.events[0], { timeoutMs: 5_000 })
  assert.equal(replayed.id, deadLetters[0]?.eventId)
  assert.equal(replayed.extensions['replayed'], 'true')
  assert.equal(replayed.extensions['deliveryattempt'], '1')
  await end(1_000)
})

test('what a life did not finish, the next one delivers at once, as the same attempt', async (t) => {
  let hanging = 0
  const hangs = createServer(() => (hanging += 1))
  await new Promise<void>((resolve) => hangs.listen(0, '127.0.0.1', resolve))
  const worker = await startSampleWorker({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await worker.close()
    hangs.close()
  })
  const path = join(await aFolder(t), 'inbox.db')
  const first = await aLife(path, { worker: anHttpSink(`http://127.0.0.1:${(hangs.address() as AddressInfo).port}/`) })
  for (let at = 0; at < 100; at++) {
    await first.inbox.append(anEvent({ eventId: `msg_${at}`, receivedAtMs: systemClock.now() }))
  }
  first.dispatcher.start()
  await eventually('attempts that hang', () => hanging === 8, { timeoutMs: 5_000, intervalMs: 10 })
  await first.end(20)

  const second = await aLife(path, { worker: anHttpSink(`http://127.0.0.1:${worker.port}/`) })
  second.dispatcher.start()
  await eventually('all of them', () => worker.events.length === 100, { timeoutMs: 5_000, intervalMs: 10 })
  assert.ok(worker.events.every(({ extensions, repeated }) => extensions['deliveryattempt'] === '1' && !repeated))
  await second.end(1_000)
})

test('what is stored through the dispatcher reaches the worker once, in this life or in the next', async (t) => {
  let hanging = 0
  const hangs = createServer(() => (hanging += 1))
  await new Promise<void>((resolve) => hangs.listen(0, '127.0.0.1', resolve))
  const worker = await startSampleWorker({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await worker.close()
    hangs.close()
  })
  const path = join(await aFolder(t), 'inbox.db')
  const first = await aLife(path, { worker: anHttpSink(`http://127.0.0.1:${(hangs.address() as AddressInfo).port}/`) })
  first.dispatcher.start()
  const ids = Array.from({ length: 240 }, (_, at) => `msg_${at}`)
  const append = ({ dispatcher }: typeof first, eventId: string) =>
    dispatcher.append(anEvent({ eventId, receivedAtMs: systemClock.now() }))
  const before = await Promise.all(ids.slice(0, 40).map((eventId) => append(first, eventId)))
  assert.deepEqual(new Set(before), new Set(['stored']))
  await eventually('attempts that hang', () => hanging === 8, { timeoutMs: 5_000, intervalMs: 10 })
  await first.end(20)

  const second = await aLife(path, { worker: anHttpSink(`http://127.0.0.1:${worker.port}/`) })
  second.dispatcher.start()
  await Promise.all(ids.slice(40).map((eventId) => append(second, eventId)))
  assert.equal(await append(second, 'msg_0'), 'duplicate')
  await eventually('all to end', async () => (await second.inbox.stats()).pending === 0, { timeoutMs: 10_000 })
  assert.deepEqual(worker.events.map(({ id }) => id).toSorted(), ids.toSorted())
  assert.ok(worker.events.every(({ extensions, repeated }) => extensions['deliveryattempt'] === '1' && !repeated))
  await second.end(1_000)
})

test('a sink slower than what arrives holds 32 MiB of bodies in memory at most; the rest waits in the file', async (t) => {
  const budgetBytes = 32 * 2 ** 20
  const hangs = createServer(() => {})
  await new Promise<void>((resolve) => hangs.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    hangs.close()
    hangs.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(hangs.address() as AddressInfo).port}/`
  const attempts = 1_000 // more than the budget has room for: bytes are what ends first
  const { inbox, dispatcher, end } = await aLife(
    join(await aFolder(t), 'inbox.db'),
    { worker: anHttpSink(url) },
    attempts,
  )
  t.after(() => end(20))
  dispatcher.start()
  const body = Buffer.alloc(128 * 1024, ' ')
  const objects = Array.from({ length: 60 }, (_, at) => anOwner(`slow-${at}`))
  for (let round = 0; round < 8; round += 1) {
    const receivedAtMs = systemClock.now()
    const event = (owner: InboxOwner) => anEvent({ eventId: `msg_${round}`, owner, receivedAtMs, body })
    const results = await Promise.all(objects.map((owner) => dispatcher.append(event(owner))))
    assert.deepEqual(new Set(results), new Set(['stored']))
  }
  const pending: PendingDelivery[] = []
  for (let after: PendingPosition | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const page = await inbox.pending({ limit: 1_000, ...(after !== undefined && { after }) })
    pending.push(...page.pending)
    after = page.next
  }
  assert.equal(pending.length, 8 * objects.length)
  const heldBytes = body.length * pending.filter(({ state }) => state === 'claimed').length
  assert.ok(heldBytes <= budgetBytes, `${heldBytes} held`)
  assert.ok(heldBytes > budgetBytes / 4, `${heldBytes} held: attempts are under way`)
})
