import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'

import type { Inbox } from '../../../src/inbox/port.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

/**
 * Written by the version whose schema was the fourth, and closed: a delivery that succeeded, one that was claimed by
 * its append and never recorded, one that waits for a minute, a dead letter, an event of which one sink of two is
 * through, one without sinks, one that is due. Their event ids say which.
 */
const writtenBefore = new URL('../../fixtures/inbox/schema-4.sqlite', import.meta.url)
const writtenMs = 1_795_262_400_000
const ids = ['delivered', 'claimed', 'waiting', 'dead', 'halfway', 'unwanted', 'due']
const leaseMs = 30_000

function aCopy(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-upgrade-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'inbox.sqlite')
  copyFileSync(writtenBefore, path)
  return path
}

async function anOpened(t: TestContext, path = aCopy(t)) {
  const clock = new FakeClock(new Date(writtenMs).toISOString())
  const inbox = await openSqliteInbox({ path, clock, logger: silentLogger, metrics: createMetrics() })
  t.after(() => inbox.close())
  return { inbox, clock, path }
}

async function endAllDue(inbox: Inbox): Promise<string[]> {
  const due = await inbox.claimDue(100, leaseMs)
  for (const delivery of due) await inbox.record(delivery, { type: 'Succeed' })
  return due.map(({ event, sink }) => `${event.eventId} ${sink}`).toSorted()
}

async function expectKnown(inbox: Inbox): Promise<void> {
  for (const eventId of ids) assert.equal(await inbox.append(anEvent({ eventId })), 'duplicate', eventId)
}

test('nothing is lost of an inbox file that the version before wrote', async (t) => {
  const { inbox, clock } = await anOpened(t)
  const { events, pending, deadLetters, rememberedIds } = await inbox.stats()
  assert.deepEqual([events, pending, deadLetters, rememberedIds], [5, 4, 1, ids.length])
  await expectKnown(inbox)
  const waiting = (await inbox.pending({ limit: 10, eventId: 'waiting' })).pending
  assert.deepEqual(
    waiting.map(({ attempts, lastCause, dueMs }) => [attempts, lastCause, dueMs]),
    [[1, 'answer 503', writtenMs + 60_000]],
  )
  assert.deepEqual(await endAllDue(inbox), ['claimed worker', 'due worker', 'halfway audit'])
  const [letter] = (await inbox.deadLetters({ limit: 10 })).deadLetters
  assert.equal(letter?.eventId, 'dead')
  assert.ok(!('lastCause' in letter) && !('firstDueMs' in letter), 'what it was not told stays unknown')
  assert.equal(await inbox.replay(letter.deliveryId), true)
  await clock.advance({ minutes: 1 })
  assert.deepEqual(await endAllDue(inbox), ['dead worker', 'waiting worker'])
  assert.deepEqual([(await inbox.stats()).events, (await inbox.stats()).pending], [0, 0])
  await expectKnown(inbox)
})

test('ids of the version before are remembered for their time, and forgotten after it', async (t) => {
  const { inbox, clock } = await anOpened(t)
  await endAllDue(inbox)
  const maintained = async () => {
    for (let round = 0; round < 3; round += 1) {
      await inbox.stats()
      await clock.advance({ seconds: 10 })
    }
  }
  await clock.advance({ hours: 24, minutes: 58 })
  await maintained()
  await expectKnown(inbox)
  await clock.advance({ hours: 1 })
  await maintained()
  for (const eventId of ['delivered', 'unwanted', 'claimed', 'due']) {
    assert.equal(await inbox.append(anEvent({ eventId, sinks: [] })), 'stored', eventId)
  }
  for (const eventId of ['waiting', 'dead']) {
    assert.equal(await inbox.append(anEvent({ eventId })), 'duplicate', `${eventId} is kept`)
  }
})

test('a number that a row of the version before had is not given again', async (t) => {
  const path = aCopy(t)
  const before = new DatabaseSync(path)
  const last = before.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'").get()?.['seq']
  before.close()
  const { inbox } = await anOpened(t, path)
  await endAllDue(inbox)
  await inbox.append(anEvent({ eventId: 'new' }))
  const [claimed] = await inbox.claimDue(1, leaseMs)
  assert.ok(Number(claimed?.deliveryId.split('.')[0]) > Number(last), `${claimed?.deliveryId} after ${String(last)}`)
})

test('a column that older versions do not know is no new schema: they go on with the file, and it is added to theirs', async (t) => {
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const path = aCopy(t)
  const { inbox: first } = await anOpened(t, path)
  await first.append(anEvent({ eventId: 'traced', trace }))
  await first.close()
  const older = new DatabaseSync(path)
  const version = older.prepare('PRAGMA user_version').get()?.['user_version']
  const columns = older.prepare("SELECT name, dflt_value, pk FROM pragma_table_info('events')").all()
  assert.equal(columns.find(({ name }) => name === 'trace')?.['dflt_value'], "''", 'an insert may leave it out')
  older.exec('ALTER TABLE events DROP COLUMN trace')
  older.close()

  const { inbox } = await anOpened(t, path)
  const traced = (await inbox.claimDue(100, leaseMs)).find(({ event }) => event.eventId === 'traced')
  assert.ok(traced && !('trace' in traced.event), 'delivered as before, without what was dropped')
  await inbox.close()
  const after = new DatabaseSync(path)
  assert.equal(after.prepare('PRAGMA user_version').get()?.['user_version'], version)
  after.close()
})

test('a version before ends an event with a key by its id, and the key is forgotten in its time', async (t) => {
  const path = aCopy(t)
  const { inbox: first, clock } = await anOpened(t, path)
  const dedupe = { key: 'batch.succeeded.x', rememberMs: 80 * 3_600_000 }
  await first.append(anEvent({ eventId: 'folded', dedupe }))
  await first.close()
  // What it does: it knows no key, so that it begins the time of the id.
  const older = new DatabaseSync(path)
  const { seq } = older.prepare("SELECT seq FROM events WHERE event_id = 'folded'").get() ?? {}
  assert.ok(typeof seq === 'number')
  older.prepare('DELETE FROM deliveries WHERE event = ?').run(seq)
  older.prepare('DELETE FROM events WHERE seq = ?').run(seq)
  older.close()

  const { inbox } = await anOpened(t, path)
  assert.equal(await inbox.append(anEvent({ eventId: 'other', dedupe })), 'duplicate')
  await inbox.close()
  await clock.advance({ hours: 81 })
  const later = await openSqliteInbox({ path, clock, logger: silentLogger, metrics: createMetrics() })
  t.after(() => later.close())
  await later.stats()
  await clock.advance({ seconds: 10 })
  await later.stats()
  assert.equal(await later.append(anEvent({ eventId: 'other', dedupe })), 'stored')
})

test('columns of today are added to a file that was written without them, and its events go on by their ids', async (t) => {
  const path = aCopy(t)
  const { inbox: first } = await anOpened(t, path)
  await first.append(anEvent({ eventId: 'before' }))
  await first.close()
  const older = new DatabaseSync(path)
  older.exec('ALTER TABLE events DROP COLUMN dedupe_key; ALTER TABLE events DROP COLUMN remember_ms')
  older.close()
  const { inbox } = await anOpened(t, path)
  const dedupe = { key: 'batch.succeeded.x', rememberMs: 80 * 3_600_000 }
  assert.equal(await inbox.append(anEvent({ eventId: 'before', dedupe })), 'duplicate')
  assert.equal(await inbox.append(anEvent({ eventId: 'after', dedupe })), 'stored')
  const folded = (await inbox.claimDue(100, leaseMs)).filter(({ event }) => 'dedupe' in event)
  assert.deepEqual(
    folded.map(({ event }) => [event.eventId, event.dedupe]),
    [['after', dedupe]],
  )
})

test('a file of a later version is refused by name, and left as it is', async (t) => {
  const path = aCopy(t)
  const later = new DatabaseSync(path)
  later.exec('PRAGMA user_version = 99')
  later.close()
  await assert.rejects(anOpened(t, path), /the file has schema 99, this program knows up to \d+; run the newer version/)
  const after = new DatabaseSync(path)
  assert.equal(after.prepare('PRAGMA user_version').get()?.['user_version'], 99)
  assert.equal(after.prepare('SELECT count(*) AS n FROM events').get()?.['n'], 5)
  after.close()
})
