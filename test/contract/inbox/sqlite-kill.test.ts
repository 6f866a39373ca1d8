import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'
import { appendThenKill } from './append-then-kill.ts'
import { expectGivenUp } from './expect-given-up.ts'
import { expectKept } from './expect-kept.ts'
import { sentAgain } from './sent-again.ts'

const kills = Number(process.env['KILLS'] ?? 10)

test(`nothing acknowledged is lost over ${kills} kill -9 at random moments`, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-inbox-kill-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'inbox.db')
  const random = mulberry32(20_261_121)
  const acknowledged: string[] = []
  const ended = new Set<string>()
  for (let round = 0; round < kills; round++) {
    acknowledged.push(
      ...(await appendThenKill(
        { driver: 'sqlite', place: path, prefix: `r${round}`, onEnded: (eventId) => ended.add(eventId) },
        20 + Math.floor(random() * 400),
      )),
    )
  }

  const inbox = await openSqliteInbox({ path, clock: systemClock, logger: silentLogger, metrics: createMetrics() })
  t.after(() => inbox.close())
  const lost: string[] = []
  for (const eventId of acknowledged) {
    if ((await inbox.append(sentAgain(eventId))) !== 'duplicate') lost.push(eventId)
  }
  const stats = await inbox.stats()
  const givenUp = await expectGivenUp(inbox, acknowledged)
  t.diagnostic(`${acknowledged.length} acknowledged, ${lost.length} lost, ${stats.events} kept`)
  assert.deepEqual(lost, [])
  assert.ok(ended.size > 0, 'some were claimed with their append and delivered')
  const again: string[] = []
  for (let due = await inbox.claimDue(500, 60_000); due.length > 0; due = await inbox.claimDue(500, 60_000)) {
    again.push(...due.map(({ event: { eventId } }) => eventId).filter((eventId) => ended.has(eventId)))
  }
  assert.deepEqual(again, [], 'what was written down as delivered is not delivered again')
  await expectKept(inbox, ended)
  assert.ok(acknowledged.length > kills, 'every round acknowledged something')
  assert.equal(
    stats.pending + stats.deadLetters - givenUp, // each has two
    stats.events,
    'each event kept is still to be delivered or visibly given up',
  )
})
