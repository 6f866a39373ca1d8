import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'

import { BatchRunner } from '../../../src/inbox/sqlite/batch-runner.ts'
import { defaultInboxBounds } from '../../../src/inbox/bounds.ts'
import { openDatabase } from '../../../src/inbox/sqlite/open-database.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { packAppend, packRecord, unpackResult } from '../../../src/inbox/sqlite/batch-codec.ts'
import { ByteWriter } from '../../../src/inbox/sqlite/byte-codec.ts'
import type { NewEvent } from '../../../src/inbox/port.ts'
import type { Call, FromWorker, WorkerSettings } from '../../../src/inbox/sqlite/worker-protocol.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent, batchSucceeded } from '../../support/builders/an-event.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { undoFourthSchema } from '../../support/builders/undo-fourth-schema.ts'

const garbage = Buffer.alloc(8192, 'not a database ')

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
  await writeFile(path, garbage)
  await writeFile(`${path}-wal`, 'its log')
  await assert.rejects(
    openSqliteInbox(optionsFor(path)),
    /inbox\.db: it is damaged or not an inbox; restore it.*--inbox-set-aside-damaged/,
  )
  assert.deepEqual(await readFile(path), garbage)
  assert.equal(await readFile(`${path}-wal`, 'utf8'), 'its log')
})

test('only who asks for it starts empty over a damaged file, which is kept beside, and the log is loud about it', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  await writeFile(path, garbage)
  await writeFile(`${path}-wal`, 'its log')
  const errors: unknown[] = []
  const logger = { ...silentLogger, error: (...line: unknown[]) => void errors.push(line) }
  const inbox = await openSqliteInbox({ ...optionsFor(path), logger, setAsideDamaged: true })
  t.after(() => inbox.close())
  assert.equal(await inbox.append(anEvent()), 'stored')
  const setAside = `${path}.damaged-2026-11-21T12-00-00.000Z`
  assert.deepEqual(await readFile(setAside), garbage)
  assert.equal(await readFile(`${setAside}-wal`, 'utf8'), 'its log')
  assert.deepEqual(errors, [[{ path, setAside }, 'inbox.damaged_file_set_aside']])
})

test('a file that opens and is damaged further inside is found by who asks for it', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const first = await openSqliteInbox(optionsFor(path))
  for (let n = 0; n < 100; n++) await first.append(anEvent({ eventId: `msg_${n}`, body: Buffer.alloc(4_000, n) }))
  await first.close()
  const file = await open(path, 'r+')
  const { size } = await file.stat()
  for (let at = 8 * 4096; at < size; at += 4096) await file.write(Buffer.alloc(64, 0xff), 0, 64, at)
  await file.close()
  const second = await openSqliteInbox({ ...optionsFor(path), setAsideDamaged: true })
  t.after(() => second.close())
  assert.equal((await second.stats()).events, 0)
  const aside = (await readdir(dirname(path))).filter((name) => name.includes('.damaged-'))
  assert.equal(aside.length, 1)
})

test('a sound file stays where it is, with or without the permission to set it aside', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const first = await openSqliteInbox(optionsFor(path))
  await first.append(anEvent())
  await first.close()
  const second = await openSqliteInbox({ ...optionsFor(path), setAsideDamaged: true })
  t.after(() => second.close())
  assert.equal(await second.append(anEvent()), 'duplicate')
})

test('a file that another process holds, a strange one and a newer one are never set aside', async (t) => {
  const folder = await aFolder(t)
  const held = join(folder, 'held.db')
  const first = await openSqliteInbox(optionsFor(held))
  t.after(() => first.close())
  await assert.rejects(openSqliteInbox({ ...optionsFor(held), setAsideDamaged: true }), /another process holds it/)
  const stranger = join(folder, 'stranger.db')
  const database = new DatabaseSync(stranger)
  database.exec('CREATE TABLE theirs (x)')
  database.close()
  await assert.rejects(openSqliteInbox({ ...optionsFor(stranger), setAsideDamaged: true }), /of another program/)
  assert.equal(existsSync(stranger), true)
})

test('damage that shows only when the tables are read says what to do', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const inbox = await openSqliteInbox(optionsFor(path))
  for (let n = 0; n < 400; n++) await inbox.append(anEvent({ eventId: `msg_${n}`, body: Buffer.alloc(2_000) }))
  await inbox.close()
  const file = await open(path, 'r+')
  const { size } = await file.stat()
  for (let at = 4 * 4096; at < size; at += 4096) await file.write(Buffer.alloc(4096, 0xff), 0, 4096, at)
  await file.close()
  await assert.rejects(openSqliteInbox(optionsFor(path)), /inbox\.db: it is damaged or not an inbox/)
})

test('damage that shows while it runs fails the batch, and the log says what to do', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const runner = new BatchRunner(settingsFor(path), (file) => {
    const database = openDatabase(file)
    database.exec('PRAGMA cache_size = 1')
    return database
  })
  t.after(() => runner.close())
  for (let n = 0; n < 40; n++) run(runner, (writer) => packAppend(writer, big(`msg_${n}`)))
  run(runner, () => {}, { type: 'maintain' })
  run(runner, () => {}, { type: 'maintain' }) // idle: the log goes into the file
  const file = await open(path, 'r+')
  const { size } = await file.stat()
  for (let at = 2 * 4096; at < size; at += 4096) await file.write(Buffer.alloc(4096, 0xff), 0, 4096, at)
  await file.close()
  const answer = run(runner, () => {}, { type: 'claim', limit: 99, leaseMs: 1_000 })
  assert.equal(answer.type, 'failed')
  assert.match(answer.type === 'failed' ? answer.problem : '', /malformed; it is damaged.*--inbox-set-aside-damaged/)
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
  const totals = { events: 0, bodyBytes: 0, pending: 0, deadLetters: 0, rememberedIds: 0 }
  const opened = {
    type: 'opened',
    maxBytes: 1,
    setAside: undefined,
    namespaces: [],
    report: {
      totals,
      kept: 0,
      usedBytes: 0,
      largestShares: { events: 0, bytes: 0, ids: 0 },
      hasRoom: true,
      oldestPendingMs: 0,
      droppedDeadLetters: 0,
      commitMs: 0,
      isVolumeFull: false,
    },
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
  const runner = new BatchRunner(settingsFor(path), openFull)
  t.after(() => runner.close())

  assert.deepEqual(resultsOf(run(runner, (writer) => packAppend(writer, big('msg_1')))), ['stored'])
  assert.equal(existsSync(`${path}-ballast`), true)
  const full = run(runner, (writer) => {
    packAppend(writer, big('msg_1'))
    for (let n = 2; n < 9; n++) packAppend(writer, big(`msg_${n}`))
  })
  assert.deepEqual(resultsOf(full), ['duplicate', ...Array.from({ length: 7 }, () => 'inboxFull')])
  assert.equal(existsSync(`${path}-ballast`), false)

  const [claim] = claimsOf(run(runner, () => {}, { type: 'claim', limit: 9, leaseMs: 1_000 }))
  assert.ok(claim, 'what is there still goes out')
  const [id = 0, fence = 0] = claim.deliveryId.split('.').map(Number)
  assert.deepEqual(resultsOf(run(runner, (writer) => packRecord(writer, id, fence, { type: 'Succeed' }))), ['recorded'])

  run(runner, () => {}, { type: 'maintain' })
  assert.equal(existsSync(`${path}-ballast`), true, 'with room on the volume the ballast comes back')
  assert.deepEqual(resultsOf(run(runner, (writer) => packAppend(writer, big('msg_9')))), ['stored'])
})

test('whether the disk takes anything again is tried by writing, and only after writes have failed', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const runner = new BatchRunner(settingsFor(path))
  t.after(() => runner.close())
  const logBytes = () => statSync(`${path}-wal`).size
  run(runner, (writer) => packAppend(writer, anEvent()))
  const before = logBytes()
  run(runner, () => {}, { type: 'maintain' })
  assert.equal(logBytes(), before)
  run(runner, (writer) => packAppend(writer, anEvent({ eventId: 'msg_2' })))
  const between = logBytes()
  run(runner, () => {}, { type: 'maintain', writesFail: true })
  assert.ok(logBytes() > between)
})

test('forgetting comes in slices of 200 rows, so that appends get their turn', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const runner = new BatchRunner(settingsFor(path))
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

test('a clock that jumps ahead by a day and back does not stop the forgetting for a day', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const runner = new BatchRunner(settingsFor(path))
  t.after(() => runner.close())
  const hourMs = 3_600_000
  const maintain = (nowMs: number) =>
    runner.run({ type: 'batch', items: new Uint8Array(), calls: [{ type: 'maintain' }], nowMs })
  maintain(52 * hourMs)
  run(runner, (writer) => packAppend(writer, anEvent({ eventId: 'msg_1', sinks: [] })))
  maintain(1_000)
  const answer = maintain(26 * hourMs)
  assert.equal(answer.type === 'done' && answer.report.totals.rememberedIds, 0)
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

function settingsFor(path: string): WorkerSettings {
  return { path, bounds: defaultInboxBounds, setAsideDamaged: false, nowMs: 0 }
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
  undoFourthSchema(first)
  first.exec(`ALTER TABLE dead_letters DROP COLUMN event_type; ALTER TABLE deliveries DROP COLUMN last_cause;
    ALTER TABLE deliveries DROP COLUMN last_step_ms; PRAGMA user_version = 1`)
  first.close()

  const upgraded = await openSqliteInbox(optionsFor(path))
  t.after(() => upgraded.close())
  const { deadLetters } = await upgraded.deadLetters({ limit: 10 })
  assert.deepEqual(deadLetters.map(({ eventType }) => eventType).toSorted(), ['batch.succeeded', 'unknown'])
})

test('what is pending in a file of the second schema goes on, and tells its cause from its next step on', async (t) => {
  const path = join(await aFolder(t), 'inbox.db')
  const inbox = await openSqliteInbox(optionsFor(path))
  await inbox.append(anEvent())
  const [first] = await inbox.claimDue(1, 1_000)
  assert.ok(first)
  await inbox.record(first, { type: 'RetryAt', atMs: 1 })
  await inbox.close()
  const second = new DatabaseSync(path)
  undoFourthSchema(second)
  second.exec(`ALTER TABLE deliveries DROP COLUMN last_cause; ALTER TABLE deliveries DROP COLUMN last_step_ms;
    PRAGMA user_version = 2`)
  second.close()

  const upgraded = await openSqliteInbox(optionsFor(path))
  t.after(() => upgraded.close())
  const [before] = (await upgraded.pending({ limit: 1 })).pending
  assert.deepEqual([before?.attempts, before?.lastCause, before?.lastStepMs], [1, undefined, undefined])
  const [claimed] = await upgraded.claimDue(1, 1_000)
  assert.ok(claimed)
  await upgraded.record(claimed, { type: 'RetryAt', atMs: 1, cause: 'timeout' })
  assert.equal((await upgraded.pending({ limit: 1 })).pending[0]?.lastCause, 'timeout')
})

test('every commit is on the disk before it is answered, and nobody else may open the file', async (t) => {
  const database = openDatabase(join(await aFolder(t), 'inbox.db'))
  t.after(() => database.close())
  const pragma = (name: string) => database.prepare(`PRAGMA ${name}`).get()?.[name]
  const full = 2
  assert.deepEqual(
    [pragma('journal_mode'), pragma('synchronous'), pragma('locking_mode'), pragma('wal_autocheckpoint')],
    ['wal', full, 'exclusive', 0],
  )
})

test('after a batch that could not be written nothing is claimed for a second: its outcome could not be written either', async (t) => {
  const runner = new BatchRunner(settingsFor(join(await aFolder(t), 'inbox.db')))
  t.after(() => runner.close())
  run(runner, (writer) => packAppend(writer, anEvent()))
  const claim: Call = { type: 'claim', limit: 9, leaseMs: 1_000 }
  const at = (nowMs: number, items: Uint8Array) => runner.run({ type: 'batch', items, calls: [claim], nowMs })
  assert.equal(at(2_000, Uint8Array.of(99)).type, 'failed')
  assert.deepEqual(claimsOf(at(2_999, new Uint8Array())), [])
  assert.equal(claimsOf(at(3_000, new Uint8Array())).length, 1)
})
