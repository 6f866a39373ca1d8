import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'

import { BatchRunner } from '../../../src/inbox/sqlite/batch-runner.ts'
import { defaultInboxBounds } from '../../../src/inbox/bounds.ts'
import { openDatabase } from '../../../src/inbox/sqlite/open-database.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { packAppend, packRecord, unpackResult } from '../../../src/inbox/sqlite/batch-codec.ts'
import { ByteWriter } from '../../../src/inbox/sqlite/byte-codec.ts'
import type { NewEvent } from '../../../src/inbox/port.ts'
import type { Call, FromWorker } from '../../../src/inbox/sqlite/worker-protocol.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent, batchSucceeded } from '../../support/an-event.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-inbox-file-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

function optionsFor(path: string) {
  return { path, clock: new FakeClock(), logger: silentLogger, metrics: createMetrics() }
}

test('the file serves one receiver: a second one is refused and told why, the first goes on', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const first = await openSqliteInbox(optionsFor(path))
  t.after(() => first.close())
  await assert.rejects(openSqliteInbox(optionsFor(path)), /another process holds it.*stop the other one first/)
  assert.equal(await first.append(anEvent()), 'stored')
})

test('a damaged file is refused, loudly, and left as it is', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  await writeFile(path, Buffer.alloc(8192, 'not a database '))
  await assert.rejects(openSqliteInbox(optionsFor(path)), /inbox\.db: it is damaged or not an inbox; restore it/)
})

test("a stranger's database and one of a newer version are refused", async (t) => {
  const folder = await aFolder(t)
  const stranger = join(folder, 'stranger.db')
  const database = new DatabaseSync(stranger)
  database.exec('CREATE TABLE theirs (x)')
  database.close()
  await assert.rejects(openSqliteInbox(optionsFor(stranger)), /of another program/)

  const newer = join(folder, 'newer.db')
  await (await openSqliteInbox(optionsFor(newer))).close()
  const upgraded = new DatabaseSync(newer)
  upgraded.exec('PRAGMA user_version = 99')
  upgraded.close()
  await assert.rejects(openSqliteInbox(optionsFor(newer)), /schema 99.*run the newer version/)
})

test('bounds that break the promises are refused before the file is touched', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  await assert.rejects(openSqliteInbox({ ...optionsFor(path), bounds: { dedupeMs: 1 } }), /dedupeMs is 1/)
  assert.equal(existsSync(path), false)
})

test('a thread that dies fails what waits and everything after, and says so once', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const totals = { events: 0, bodyBytes: 0, pending: 0, deadLetters: 0 }
  const opened = {
    type: 'opened',
    maxBytes: 1,
    report: { totals, usedBytes: 0, oldestPendingMs: 0, droppedDeadLetters: 0, commitMs: 0, isVolumeFull: false },
  }
  const program = `
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', () => process.exit(1))
    parentPort.postMessage(${JSON.stringify(opened)})`
  const ended: string[] = []
  const inbox = await openSqliteInbox({
    ...optionsFor(path),
    workerUrl: new URL(`data:text/javascript,${encodeURIComponent(program)}`),
    onEnded: (why) => void ended.push(why),
  })
  await assert.rejects(inbox.append(anEvent()), { code: 'ERR_INBOX_UNAVAILABLE' })
  await assert.rejects(inbox.claimDue(1, 1), { code: 'ERR_INBOX_UNAVAILABLE' })
  await eventually('the end is told', () => ended.length > 0)
  assert.deepEqual(ended, ['its worker thread ended'])
  await inbox.close()
})

test('on a full disk new events are refused, known ones folded, deliveries recorded, and the ballast given up', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const runner = new BatchRunner({ path, bounds: defaultInboxBounds, nowMs: 0 }, openFull)
  t.after(() => runner.close())

  assert.deepEqual(resultsOf(run(runner, (writer) => packAppend(writer, big('msg_1')))), ['stored'])
  assert.equal(existsSync(`${path}-ballast`), true)
  const full = run(runner, (writer) => {
    packAppend(writer, big('msg_1'))
    for (let n = 2; n < 9; n++) packAppend(writer, big(`msg_${n}`))
  })
  assert.deepEqual(resultsOf(full), ['duplicate', ...Array.from({ length: 7 }, () => 'inboxFull')])
  assert.equal(existsSync(`${path}-ballast`), false)

  const [claim] = claimsOf(run(runner, () => {}, { type: 'claim', limit: 9, leaseMs: 1_000, exceptSinks: new Set() }))
  assert.ok(claim, 'what is there still goes out')
  const [id = 0, fence = 0] = claim.deliveryId.split('.').map(Number)
  assert.deepEqual(resultsOf(run(runner, (writer) => packRecord(writer, id, fence, { type: 'Succeed' }))), ['recorded'])

  run(runner, () => {}, { type: 'maintain' })
  assert.equal(existsSync(`${path}-ballast`), true, 'with room on the volume the ballast comes back')
  assert.deepEqual(resultsOf(run(runner, (writer) => packAppend(writer, big('msg_9')))), ['stored'])
})

test('forgetting comes in slices of 200 rows, so that appends get their turn', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const runner = new BatchRunner({ path, bounds: defaultInboxBounds, nowMs: 0 })
  t.after(() => runner.close())
  run(runner, (writer) => {
    for (let n = 0; n < 450; n++) packAppend(writer, anEvent({ eventId: `msg_${n}`, sinks: [] }))
  })
  const dayLaterMs = 26 * 3_600_000
  const more = [1, 2, 3].map(() => {
    const answer = runner.run({
      type: 'batch',
      items: new Uint8Array(),
      calls: [{ type: 'maintain' }],
      nowMs: dayLaterMs,
    })
    const [call] = answer.type === 'done' ? answer.calls : []
    return call?.type === 'maintain' && call.more
  })
  assert.deepEqual(more, [true, true, false])
  assert.deepEqual(resultsOf(run(runner, (writer) => packAppend(writer, anEvent({ eventId: 'msg_449' })))), ['stored'])
})

/** SQLite's own limit answers like a disk without a free block. */
function openFull(file: string): DatabaseSync {
  const database = openDatabase(file)
  database.exec('PRAGMA max_page_count = 24')
  return database
}

function big(eventId: string): NewEvent {
  return anEvent({ eventId, body: Buffer.alloc(20_000) })
}

function run(runner: BatchRunner, pack: (writer: ByteWriter) => void, ...calls: Call[]): FromWorker {
  const writer = new ByteWriter()
  pack(writer)
  return runner.run({ type: 'batch', items: writer.take(), calls, nowMs: 1_000 })
}

function resultsOf(answer: FromWorker) {
  assert.equal(answer.type, 'done')
  return answer.type === 'done' ? [...answer.results].map(unpackResult) : []
}

function claimsOf(answer: FromWorker) {
  const [call] = answer.type === 'done' ? answer.calls : []
  return call?.type === 'claim' ? call.claims : []
}

test('dead letters of a file of the first schema get the type of their event', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const inbox = await openSqliteInbox(optionsFor(path))
  for (const body of [batchSucceeded, 'no JSON']) {
    await inbox.append(anEvent({ eventId: body.slice(0, 7), body: Buffer.from(body) }))
    const [claimed] = await inbox.claimDue(1, 1_000)
    assert.ok(claimed)
    await inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
  }
  await inbox.close()
  const first = new DatabaseSync(path)
  first.exec('ALTER TABLE dead_letters DROP COLUMN event_type; PRAGMA user_version = 1')
  first.close()

  const upgraded = await openSqliteInbox(optionsFor(path))
  t.after(() => upgraded.close())
  const { deadLetters } = await upgraded.deadLetters({ limit: 10 })
  assert.deepEqual(deadLetters.map(({ eventType }) => eventType).toSorted(), ['batch.succeeded', 'unknown'])
})
