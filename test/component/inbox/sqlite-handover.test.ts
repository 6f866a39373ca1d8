import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { readHandedEvent, writeHandedEvent } from '../../../src/admin/handed-event.ts'
import { readGiven } from '../../../src/contract/admin-api/read-given.ts'
import { adminRoutes } from '../../../src/contract/admin-api/routes.ts'
import type { Handover, Inbox } from '../../../src/inbox/port.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

async function twoInboxes(t: TestContext, bounds: { maxEvents?: number } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-handover-'))
  const clock = new FakeClock()
  const open = (name: string, given = {}) =>
    openSqliteInbox({ path: join(folder, name), clock, logger: silentLogger, metrics: createMetrics(), bounds: given })
  const [from, to] = [await open('from'), await open('to', bounds)]
  t.after(async () => {
    await Promise.all([from.close(), to.close()])
    await rm(folder, { recursive: true })
  })
  return { from, to, clock }
}

function handoverOf({ handover }: Inbox): Handover {
  assert.ok(handover)
  return handover
}

/** As it travels: written and read again. */
async function listed(inbox: Inbox, limit = 100) {
  const events = (await handoverOf(inbox).list(limit)).map(writeHandedEvent)
  if (events.length === 0) return []
  const given = readGiven(adminRoutes.takeOver, { query: {}, body: JSON.stringify({ events }) })
  assert.ok('read' in given)
  return given.read.events.map(readHandedEvent)
}

const fold = (job: string) => ({ key: `batch.succeeded.${job}`, rememberMs: 288_000_000 })

test('what is recognised by a key is so in the other inbox, and one that has it already keeps its own', async (t) => {
  const { from, to } = await twoInboxes(t)
  await from.append(anEvent({ eventId: 'msg_1', dedupe: fold('moved') }))
  await from.append(anEvent({ eventId: 'msg_2', dedupe: fold('there') }))
  await to.append(anEvent({ eventId: 'backfill_there_batch_succeeded', dedupe: fold('there') }))
  const results = []
  for (const handed of await listed(from)) {
    results.push(await handoverOf(to).takeOver(handed))
    await handoverOf(from).release(handed.ref)
  }
  assert.deepEqual(results, ['stored', 'duplicate'])
  assert.deepEqual(await listed(from), [])
  for (const inbox of [from, to]) {
    const late = anEvent({ eventId: 'backfill_moved_batch_succeeded', dedupe: fold('moved') })
    assert.equal(await inbox.append(late), 'duplicate')
  }
  const claimed = await to.claimDue(10, 60_000)
  assert.deepEqual(claimed.map(({ event }) => event.eventId).toSorted(), ['backfill_there_batch_succeeded', 'msg_1'])
})

test('a delivery goes on in the other inbox as it stood: attempts, due time, horizon, mark, body', async (t) => {
  const { from, to, clock } = await twoInboxes(t)
  const event = anEvent({
    body: Buffer.from([0, 255, 10]),
    contentType: 'text/plain',
    trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 theirs=1',
    sinks: ['waits', 'gave-up', 'done'],
  })
  await from.append(event)
  const startMs = clock.now()
  for (const claimed of await from.claimDue(10, 60_000)) {
    if (claimed.sink === 'waits')
      await from.record(claimed, { type: 'RetryAt', atMs: startMs + 90_000, cause: 'timeout' })
    if (claimed.sink === 'gave-up')
      await from.record(claimed, { type: 'DeadLetter', reason: 'Rejected', cause: 'refused 422' })
    if (claimed.sink === 'done') await from.record(claimed, { type: 'Succeed' })
  }
  await clock.advance({ seconds: 30 })
  const [handed] = await listed(from)
  assert.ok(handed)
  assert.equal(handed.event.trace, event.trace)
  assert.equal(await handoverOf(to).takeOver(handed), 'stored')
  assert.equal((await to.pending({ limit: 10 })).pending[0]?.lastCause, 'timeout')
  assert.equal(await handoverOf(to).takeOver(handed), 'duplicate', 'a crash before the release repeats it')
  await handoverOf(from).release(handed.ref)
  await handoverOf(from).release(handed.ref)

  assert.deepEqual(await listed(from), [])
  assert.deepEqual((await from.stats()).bodyBytes, 0)
  const { deadLetters } = await to.deadLetters({ limit: 10 })
  assert.deepEqual(
    deadLetters.map((letter) => ({ ...letter, deliveryId: '1' })),
    [
      {
        deliveryId: '1',
        owner: event.owner,
        eventId: 'msg_1',
        eventType: 'unknown',
        sink: 'gave-up',
        reason: 'Rejected',
        attempts: 1,
        lastCause: 'refused 422',
        firstDueMs: startMs,
        endedAtMs: startMs,
      },
    ],
  )
  assert.equal(await to.nextDueMs(), startMs + 90_000)
  assert.deepEqual(await to.claimDue(10, 60_000), [], 'not due yet')
  await clock.advance({ seconds: 60 })
  const [claimed] = await to.claimDue(10, 60_000)
  assert.ok(claimed)
  assert.deepEqual([claimed.sink, claimed.attempts, claimed.firstDueMs, claimed.replayed], ['waits', 1, startMs, false])
  assert.deepEqual({ ...claimed.event, body: Buffer.from(claimed.event.body) }, { ...event, sinks: ['waits'] })
  await to.record(claimed, { type: 'Succeed' })
  assert.equal(await to.replay(deadLetters[0]?.deliveryId ?? ''), true)
})

test('an inbox that is full takes nothing over, and the other one keeps it', async (t) => {
  const { from, to } = await twoInboxes(t, { maxEvents: 2 })
  await to.append(anEvent({ eventId: 'there', owner: { uid: 'u', namespace: 'n', name: 'o' } }))
  await from.append(anEvent())
  const [handed] = await listed(from)
  assert.ok(handed)
  assert.equal(await handoverOf(to).takeOver(handed), 'inboxFull')
  assert.equal((await from.stats()).pending, 1)
})

test('pages are bounded by bytes, but never empty while something is left, pending deliveries first', async (t) => {
  const { from } = await twoInboxes(t)
  for (let n = 0; n < 5; n++) {
    await from.append(anEvent({ eventId: `msg_${n}`, body: Buffer.alloc(3 * 1024 * 1024) }))
  }
  const [first] = await from.claimDue(1, 60_000)
  assert.ok(first)
  await from.record(first, { type: 'DeadLetter', reason: 'Rejected' })
  const order: string[] = []
  for (let page = await listed(from); page.length > 0; page = await listed(from)) {
    assert.equal(page.length, 1)
    for (const { ref, event } of page) {
      order.push(event.eventId)
      await handoverOf(from).release(ref)
    }
  }
  assert.deepEqual(order, ['msg_1', 'msg_2', 'msg_3', 'msg_4', 'msg_0'])
})
