import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { defaultInboxBounds, type InboxBounds } from '../../../src/inbox/bounds.ts'
import { packAppend, packRecord } from '../../../src/inbox/sqlite/batch-codec.ts'
import { BatchRunner } from '../../../src/inbox/sqlite/batch-runner.ts'
import { ByteWriter } from '../../../src/inbox/sqlite/byte-codec.ts'
import { openDatabase } from '../../../src/inbox/sqlite/open-database.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import type { Call } from '../../../src/inbox/sqlite/worker-protocol.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'

const nowMs = 1_795_262_400_000
/** As `PRAGMA synchronous` tells them. */
const [normal, full] = [1, 2]

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-commits-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A runner, how strictly each of its commits was made, and a way to let the next ones fail. */
function aRunner(t: TestContext, bounds: InboxBounds = defaultInboxBounds) {
  const commits: number[] = []
  let failures = 0
  const open = (path: string) => {
    const database = openDatabase(path)
    const exec = database.exec.bind(database)
    database.exec = (sql) => {
      if (sql === 'COMMIT' && failures > 0) {
        failures--
        throw new Error('disk I/O error')
      }
      if (sql === 'COMMIT') commits.push(Number(database.prepare('PRAGMA synchronous').get()?.['synchronous']))
      exec(sql)
    }
    return database
  }
  const path = join(aFolder(t), 'inbox.sqlite')
  const runner = new BatchRunner({ path, bounds, setAsideDamaged: false, nowMs }, open)
  t.after(() => runner.close())
  const run = (pack: (writer: ByteWriter) => void, calls: readonly Call[] = [], atMs = nowMs) => {
    const writer = new ByteWriter()
    pack(writer)
    return runner.run({ type: 'batch', items: writer.take(), calls, nowMs: atMs })
  }
  commits.length = 0
  const failNext = (times: number) => (failures = times)
  return { run, commits, failNext }
}

const claim: Call = { type: 'claim', limit: 10, leaseMs: 1_000 }
const nothing = () => {}

test('whatever holds an append is synced to the disk before it is answered, whatever else is in it', (t) => {
  const { run, commits } = aRunner(t)
  run((writer) => packAppend(writer, anEvent({ eventId: 'msg_1' })))
  run(nothing, [claim])
  run(
    (writer) => {
      packRecord(writer, 1, 1, { type: 'Succeed' })
      packAppend(writer, anEvent({ eventId: 'msg_2' }))
    },
    [claim],
  )
  assert.deepEqual([commits[0], commits[2]], [full, full])
})

test('claims and records alone are committed without waiting for the disk; a replay and the look after things are not', (t) => {
  const { run, commits } = aRunner(t)
  run(nothing, [claim])
  run((writer) => packRecord(writer, 1, 1, { type: 'Succeed' }), [{ type: 'stats' }, { type: 'nextDue' }])
  run(nothing, [{ type: 'replay', deliveryId: '1' }])
  run(nothing, [claim])
  run(nothing, [{ type: 'maintain' }])
  assert.deepEqual(commits, [normal, normal, full, normal, full])
})

test('an event of another inbox is synced to the disk before that one forgets it', (t) => {
  const { run, commits } = aRunner(t)
  run(nothing, [{ type: 'takeOver', handed: { ref: '1', event: anEvent(), deliveries: [] } }])
  run(nothing, [{ type: 'release', ref: '1' }])
  assert.deepEqual(commits, [full, normal])
})

test('a write that failed keeps appends from claiming for a second, as it does claims', (t) => {
  const { run, failNext } = aRunner(t)
  const claimedAt = (atMs: number, eventId: string) => {
    const leases = new Map([[eventId, 60_000]])
    const done = run((writer) => packAppend(writer, anEvent({ eventId, sinks: [eventId] }), leases), [], atMs)
    return done.type === 'done' ? [...done.claims.values()].flat().map(({ sink }) => sink) : done.type
  }
  assert.deepEqual(claimedAt(nowMs, 'msg_1'), ['msg_1'])
  failNext(1)
  assert.deepEqual(claimedAt(nowMs, 'msg_2'), 'failed')
  assert.deepEqual(claimedAt(nowMs + 999, 'msg_3'), [], 'stored, and due')
  assert.deepEqual(claimedAt(nowMs + 1_000, 'msg_4'), ['msg_4'])
  const done = run(nothing, [claim], nowMs + 1_000)
  const [claimed] = done.type === 'done' ? done.calls : []
  assert.deepEqual(claimed?.type === 'claim' && claimed.claims.map(({ sink }) => sink), ['msg_3'])
})

test('what is claimed does not wait for the appends that arrive with it', async (t) => {
  const path = join(aFolder(t), 'inbox.sqlite')
  const inbox = await openSqliteInbox({ path, clock: systemClock, logger: silentLogger, metrics: createMetrics() })
  t.after(() => inbox.close())
  await inbox.append(anEvent({ eventId: 'msg_1' }))
  const order: string[] = []
  await Promise.all([
    inbox.append(anEvent({ eventId: 'msg_2' })).then(() => order.push('append')),
    inbox.claimDue(10, 1_000).then((claimed) => order.push(`claim of ${claimed.length}`)),
  ])
  assert.deepEqual(order, ['claim of 1', 'append'])
})

test('what one namespace sends at once does not hold up what another sends after it', async (t) => {
  const inbox = await openSqliteInbox({
    path: join(aFolder(t), 'inbox.sqlite'),
    clock: systemClock,
    logger: silentLogger,
    metrics: createMetrics(),
  })
  t.after(() => inbox.close())
  const answered: string[] = []
  const append = async (namespace: string, eventId: string, sinks: string[]) => {
    await inbox.append(anEvent({ owner: { uid: namespace, namespace, name: 'batch-events' }, eventId, sinks }))
    answered.push(namespace)
  }
  const sinks = Array.from({ length: 16 }, (_, at) => `sink-${at}`)
  const crowd = Array.from({ length: 1_000 }, (_, at) => append('crowd', `msg_${at}`, sinks))
  await Promise.all([...crowd, append('neighbour', 'msg_1', ['worker'])])
  assert.ok(answered.indexOf('neighbour') < 500, `${answered.indexOf('neighbour')} were answered before it`)
})

test('one that was claimed does not keep the bodies of those claimed with it in memory', async (t) => {
  const path = join(aFolder(t), 'inbox.sqlite')
  const inbox = await openSqliteInbox({ path, clock: systemClock, logger: silentLogger, metrics: createMetrics() })
  t.after(() => inbox.close())
  const body = Buffer.alloc(100_000, 'x')
  await Promise.all(['msg_1', 'msg_2', 'msg_3'].map((eventId) => inbox.append(anEvent({ eventId, body }))))
  const claimed = await inbox.claimDue(10, 1_000)
  const held = claimed.map(({ event }) => event.body.buffer.byteLength)
  assert.deepEqual(held, [body.length, body.length, body.length])
})

test('lanes of sinks that nothing goes to any more are forgotten once there are thousands, and come back with their next event', (t) => {
  const { run } = aRunner(t)
  const perEvent = 700
  const events = [1, 2, 3, 4, 5, 6]
  const sinksOf = (at: number) => Array.from({ length: perEvent }, (_, sink) => `sink-${at}-${sink}`)
  run((writer) => {
    for (const at of events) packAppend(writer, anEvent({ eventId: `msg_${at}`, sinks: sinksOf(at) }))
  })
  run(
    nothing,
    events.map((ref) => ({ type: 'release', ref: String(ref) })),
  )
  const maintain = () => {
    const done = run(nothing, [{ type: 'maintain' }])
    const [call] = done.type === 'done' ? done.calls : []
    return call?.type === 'maintain' && call.more
  }
  assert.deepEqual([maintain(), maintain()], [true, false], '200 at once, down to 4,096')
  run((writer) => packAppend(writer, anEvent({ eventId: 'next', sinks: ['sink-1-0'] })))
  const done = run(nothing, [{ type: 'backlog' }, claim])
  assert.ok(done.type === 'done')
  const [backlog, claimed] = done.calls
  assert.deepEqual(backlog?.type === 'backlog' && backlog.sinks.map(({ sink }) => sink), ['sink-1-0'])
  assert.equal(claimed?.type === 'claim' && claimed.claims.length, 1)
})

test('dead letters whose drop was not committed are neither counted nor told as dropped; the next try counts them once', (t) => {
  const { run, failNext } = aRunner(t, { ...defaultInboxBounds, maxDeadLetters: 2 })
  run((writer) => {
    for (const eventId of ['msg_1', 'msg_2']) packAppend(writer, anEvent({ eventId, sinks: ['worker'] }))
  })
  run(nothing, [claim])
  run((writer) => packRecord(writer, 1, 1, { type: 'DeadLetter', reason: 'Rejected' }))
  const drop = () => run((writer) => packRecord(writer, 2, 1, { type: 'DeadLetter', reason: 'Rejected' }))
  const told = () => {
    const done = run(nothing, [{ type: 'stats' }])
    assert.ok(done.type === 'done')
    const [call] = done.calls
    assert.ok(call?.type === 'stats')
    return { dropped: done.report.droppedDeadLetters, owners: call.stats.lastDropMsByOwner }
  }
  failNext(1)
  assert.equal(drop().type, 'failed')
  assert.deepEqual(told(), { dropped: 0, owners: new Map() })
  const second = drop()
  assert.ok(second.type === 'done')
  assert.equal(second.report.droppedDeadLetters, 1)
  assert.deepEqual(told(), { dropped: 0, owners: new Map([['uid-1', nowMs]]) })
})

test('a first claim whose end could not be written is claimed again after its lease', (t) => {
  const { run, failNext } = aRunner(t)
  const stored = run((writer) => packAppend(writer, anEvent({ eventId: 'msg_1' }), new Map([['worker', 1_000]])))
  const [first] = stored.type === 'done' ? (stored.claims.get(0) ?? []) : []
  assert.ok(first)
  const [id = 0, claimed = 0] = first.deliveryId.split('.').map(Number)
  failNext(1)
  const refused = run((writer) => packRecord(writer, id, claimed, { type: 'Succeed' }))
  assert.equal(refused.type, 'failed')
  const later = run(nothing, [claim], nowMs + 2_001)
  assert.deepEqual(later.type === 'done' && later.calls.map((call) => call.type === 'claim' && call.claims.length), [1])
})

test('a number that went with a rolled back transaction is not in the way of a later one, also after a restart', (t) => {
  const path = join(aFolder(t), 'inbox.sqlite')
  let fails = false
  const open = (of: string) => {
    const database = openDatabase(of)
    const exec = database.exec.bind(database)
    database.exec = (sql) => {
      if (sql === 'COMMIT' && fails) throw new Error('disk I/O error')
      exec(sql)
    }
    return database
  }
  // After a failed write nothing is claimed for a second.
  const laterMs = nowMs + 1_001
  const ids: number[] = []
  const append = (runner: BatchRunner, sink: string, atMs: number) => {
    const writer = new ByteWriter()
    packAppend(writer, anEvent({ eventId: `for ${sink}`, sinks: [sink] }), new Map([[sink, 1_000]]))
    const answer = runner.run({ type: 'batch', items: writer.take(), calls: [], nowMs: atMs })
    if (answer.type === 'done')
      for (const { deliveryId } of answer.claims.get(0) ?? []) ids.push(Number(deliveryId.split('.')[0]))
    return answer.type
  }
  const start = () => new BatchRunner({ path, bounds: defaultInboxBounds, setAsideDamaged: false, nowMs }, open)
  const before = start()
  fails = true
  assert.equal(append(before, 'worker', nowMs), 'failed')
  fails = false
  assert.equal(append(before, 'worker', laterMs), 'done')
  before.close()
  const after = start()
  t.after(() => after.close())
  for (const sink of ['another', 'third']) assert.equal(append(after, sink, laterMs), 'done')
  assert.equal(new Set(ids).size, 3, `three deliveries have the numbers ${ids.join(', ')}`)
})
