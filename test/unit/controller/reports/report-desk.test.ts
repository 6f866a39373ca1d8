import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { readReports, type PodReport } from '../../../../src/controller/reports/read-reports.ts'
import { ReportDesk } from '../../../../src/controller/reports/report-desk.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'

const uid = 'u'

/** `foldMs`: how long reading the reports takes. */
function aDesk(given: { webhooks?: GeminiWebhook[]; foldMs?: number } = {}) {
  const clock = new FakeClock('2026-11-21T12:00:00Z')
  let spentMs = 0
  let folds = 0
  let said: readonly PodReport[] = []
  const foldProblems: unknown[] = []
  const wakes: { uids: readonly string[]; behind: boolean }[] = []
  const desk = new ReportDesk({
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + spentMs,
      after: (delayMs, run) => clock.after(delayMs, run),
    },
    countsIntervalMs: 60_000,
    read: () => {
      spentMs += given.foldMs ?? 0
      folds += 1
      return said
    },
    objects: () => given.webhooks ?? [],
    wake: (uids, { behind }) => void (uids.length > 0 && wakes.push({ uids, behind })),
    onFoldProblem: () => void foldProblems.push(desk.presence.foldProblem),
  })
  const say = (endpoint: object) => {
    said = readReports(
      { data: { r: JSON.stringify({ endpoints: { [uid]: { pending: 0, ...endpoint } } }) } },
      clock.now(),
    )
    desk.noticed()
  }
  const sayAll = (reports: Record<string, object>) => {
    const data = Object.entries(reports).map(([pod, report]) => [pod, JSON.stringify({ ...report, endpoints: {} })])
    said = readReports({ data: Object.fromEntries(data) }, clock.now())
    desk.noticed()
  }
  return { desk, clock, wakes, foldProblems, say, sayAll, folds: () => folds }
}

test('a receiver that says one thing and then the other wakes an object ten times, and once more with the next look', async () => {
  const { desk, clock, wakes, say } = aDesk()
  desk.start()
  for (let turn = 0; turn < 100; turn++) say(turn % 2 === 0 ? { refusingSince: '2026-11-21T11:00:00Z' } : {})
  assert.equal(wakes.length, 10)
  assert.ok(
    wakes.every(({ behind }) => behind),
    'and behind all other work',
  )
  await clock.advance({ seconds: 62 })
  assert.equal(wakes.length, 11)
  say({ refusingSince: '2026-11-21T11:00:00Z' })
  assert.equal(wakes.length, 12, 'the next minute begins anew')
  desk.stop()
})

test('the answer to an open check goes before other work; one to a check that nobody made does not', () => {
  const webhook = aWebhook()
    .status({ check: { attemptID: 'mine', startTime: '2026-11-21T12:00:00Z' } })
    .build()
  webhook.metadata.uid = uid
  const { wakes, say } = aDesk({ webhooks: [webhook] })
  say({ check: { attemptID: 'other', keyID: 'k' } })
  assert.deepEqual(
    wakes.map(({ behind }) => behind),
    [true],
  )
  say({ check: { attemptID: 'mine', keyID: 'k' } })
  assert.deepEqual(
    wakes.map(({ behind }) => behind),
    [true, true, false],
  )
})

test('folding takes a twentieth of the time at most, and the last word counts', async () => {
  const { desk, clock, say, folds } = aDesk({ foldMs: 100 })
  say({ pending: 1 })
  for (let write = 2; write < 50; write++) say({ pending: write })
  assert.equal(folds(), 1)
  await clock.advance({ ms: 1_990 })
  assert.equal(folds(), 1)
  await clock.advance({ ms: 20 })
  assert.equal(folds(), 2)
  assert.equal(desk.endpoint(uid)?.pending, 49)
  desk.stop()
  assert.equal(clock.pending, 0)
})

test('that receivers cannot tell what they have had, and that they can again, is told once each', () => {
  const { sayAll, foldProblems } = aDesk()
  const own = { time: '2026-11-21T11:59:00Z', ownInbox: true, foldsJobs: true }
  sayAll({ a: own })
  sayAll({ a: own, b: own })
  sayAll({ a: own, b: { ...own, stopped: true } })
  assert.deepEqual(foldProblems, ['SeveralInboxes'])
  sayAll({ a: own })
  assert.deepEqual(foldProblems, ['SeveralInboxes', undefined])
})
