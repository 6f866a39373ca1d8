import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'

import { defaultInboxBounds } from '../../../src/inbox/bounds.ts'
import type { AppendResult, NewEvent } from '../../../src/inbox/port.ts'
import { packAppend, unpackResult, type ItemResult } from '../../../src/inbox/sqlite/batch-codec.ts'
import { BatchRunner } from '../../../src/inbox/sqlite/batch-runner.ts'
import { ByteWriter } from '../../../src/inbox/sqlite/byte-codec.ts'
import { migrate } from '../../../src/inbox/sqlite/schema.ts'
import type { Call } from '../../../src/inbox/sqlite/worker-protocol.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'

const nowMs = 1_795_262_400_000
const hourMs = 3_600_000
const remembered = 1_000
const kept = 3

/**
 * As a version before left it: events with a delivery each, and ids of events that have ended, of one object that is
 * known and of one that is not.
 */
function aThirdSchema(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-id-migration-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'inbox.sqlite')
  const database = new DatabaseSync(path)
  migrate(database, 3)
  database.exec(`
    BEGIN;
    INSERT INTO owners (id, uid, namespace, name, events, body_bytes, pending)
      VALUES (1, 'uid-1', 'ml', 'batch-events', ${kept}, ${5 * kept}, ${kept});
    INSERT INTO lanes (id, owner, sink) VALUES (1, 1, 'worker')`)
  const insert = database.prepare(
    `INSERT INTO events (owner, object, event_id, open, forget_at_ms, sent_at_s, received_at_ms, mode, content_type, signature, body_bytes, body)
     VALUES (?, ?, ?, ?, ?, 1, 1, 'static', '', '', 5, ?)`,
  )
  for (let at = 0; at < remembered; at += 1) {
    const [owner, object] = at % 2 === 0 ? [1, 'ml/batch-events'] : [99, 'ml/gone']
    insert.run(owner, object, `old_${at}`, 0, nowMs + hourMs + at, null)
  }
  for (let at = 0; at < kept; at += 1) {
    const { lastInsertRowid } = insert.run(1, 'ml/batch-events', `kept_${at}`, 1, null, Buffer.from('hello'))
    database
      .prepare('INSERT INTO deliveries (event, lane, due_at_ms, first_due_ms) VALUES (?, 1, ?, ?)')
      .run(lastInsertRowid, nowMs, nowMs)
  }
  database.exec('COMMIT')
  database.close()
  return path
}

function anOpened(path: string) {
  const runner = new BatchRunner({ path, bounds: defaultInboxBounds, setAsideDamaged: false, nowMs })
  const run = (events: readonly NewEvent[], calls: readonly Call[], atMs = nowMs) => {
    const writer = new ByteWriter()
    for (const event of events) packAppend(writer, event)
    const answer = runner.run({ type: 'batch', items: writer.take(), calls, nowMs: atMs })
    assert.ok(answer.type === 'done')
    return answer
  }
  const append = (event: Partial<NewEvent>, atMs?: number): ItemResult =>
    unpackResult(run([anEvent(event)], [], atMs).results[0])
  const look = (atMs?: number) => {
    const [call] = run([], [{ type: 'maintain' }], atMs).calls
    return call?.type === 'maintain' && call.more
  }
  return { runner, run, append, look }
}

const known: AppendResult = 'duplicate'

test('ids of an older file are moved in slices while it serves, and each is a duplicate at every moment', (t) => {
  const path = aThirdSchema(t)
  const { runner, run, append, look } = anOpened(path)
  const gone = anOwner('gone')
  const expectKnown = (when: string) => {
    for (const at of [0, 2, remembered / 2, remembered - 2]) assert.equal(append({ eventId: `old_${at}` }), known, when)
    assert.equal(append({ eventId: 'old_1', owner: gone }), known, when)
    assert.equal(append({ eventId: 'kept_1' }), known, when)
    assert.equal(append({ eventId: 'new' }), known, when)
  }
  assert.equal(append({ eventId: 'new' }), 'stored')
  expectKnown('before')
  let slices = 1
  for (; look(); slices += 1) expectKnown(`after ${slices}`)
  assert.ok(slices > 3, `${slices} slices`)
  expectKnown('at the end')
  const { calls, report } = run([], [{ type: 'stats' }])
  const [stats] = calls
  assert.ok(stats?.type === 'stats')
  assert.equal(stats.stats.rememberedIds, remembered + kept + 1)
  assert.equal(stats.stats.byNamespace.get('ml')?.rememberedIds, remembered + kept + 1)
  assert.equal(report.totals.events, kept + 1)
  runner.close()

  const database = new DatabaseSync(path)
  const left = database
    .prepare("SELECT name FROM sqlite_schema WHERE name IN ('events_by_id', 'events_to_forget')")
    .all()
  assert.deepEqual(left, [])
  assert.equal(database.prepare('SELECT count(*) AS n FROM events').get()?.['n'], kept + 1)
  database.close()
})

test('a process that ends in the middle of it begins anew, and what was remembered until a time is forgotten then', (t) => {
  const path = aThirdSchema(t)
  const first = anOpened(path)
  first.look()
  first.runner.close()
  const { runner, run, append, look } = anOpened(path)
  t.after(() => runner.close())
  const [claim] = run([], [{ type: 'claim', limit: 10, leaseMs: 1_000 }]).calls
  assert.ok(claim?.type === 'claim')
  assert.equal(claim.claims.length, kept)
  while (look());
  const laterMs = nowMs + hourMs + 2_000
  while (look(laterMs));
  assert.equal(append({ eventId: 'old_0' }, laterMs), 'stored')
  assert.equal(append({ eventId: 'kept_0' }, laterMs), known)
})

test('an event that a version before stored ends as any other, before its id was moved and after', (t) => {
  for (const moves of [0, 20]) {
    const { runner, run, append, look } = anOpened(aThirdSchema(t))
    t.after(() => runner.close())
    for (let slice = 0; slice < moves; slice += 1) look()
    const [listed] = run([], [{ type: 'listHandover', limit: 10 }]).calls
    assert.ok(listed?.type === 'listHandover')
    assert.equal(listed.events.length, kept)
    run(
      [],
      listed.events.map(({ ref }) => ({ type: 'release', ref })),
    )
    const { report } = run([], [])
    assert.deepEqual([report.totals.events, report.totals.bodyBytes], [0, 0])
    assert.equal(append({ eventId: 'kept_0' }), known)
    while (look());
    assert.equal(append({ eventId: 'kept_0' }), known)
    assert.equal(append({ eventId: 'old_0' }), known)
  }
})
