import assert from 'node:assert/strict'
import { test } from 'node:test'

import { foldProblemOf } from '../../../../src/controller/reports/fold-problem.ts'
import { readReports } from '../../../../src/controller/reports/read-reports.ts'
import { lastSign, whatIsStranded } from '../../../../src/controller/reports/receiver-reports.ts'

const time = '2026-11-21T11:00:00Z'
const shared = { time, foldsJobs: true, endpoints: { u: { pending: 0 } } }
const own = { ...shared, ownInbox: true }
const older = { time, endpoints: {} }
const stranded = whatIsStranded(JSON.stringify({ ...own, endpoints: { u: { pending: 3 } } })) ?? ''

const cases: [string, string | undefined, ...(object | string)[]][] = [
  ['no report', undefined],
  ['one inbox', undefined, own],
  ['two inboxes', 'SeveralInboxes', own, own],
  ['one that has ended, and may come back with what it stored', 'SeveralInboxes', own, { ...own, stopped: true }],
  ['one that has ended and left deliveries behind', 'SeveralInboxes', own, stranded],
  ['one that fell silent', 'SeveralInboxes', own, { ...own, time: '2026-11-20T11:00:00Z' }],
  ['many receivers with one inbox', undefined, shared, shared, shared],
  ['an own inbox and a shared one', 'SeveralInboxes', own, shared],
  ['the last sign of receivers that are gone', undefined, own, lastSign(JSON.stringify(shared))],
  ['a receiver of a version before', 'OlderVersion', shared, older],
  ['one of a version before that has ended', undefined, shared, { ...older, stopped: true }],
  ['one of which it is not known when it wrote', undefined, shared, { endpoints: {} }],
]
for (const [what, problem, ...reports] of cases) {
  test(`whether receivers can tell what they have had: ${what}`, () => {
    const texts = reports.map((report) => (typeof report === 'string' ? report : JSON.stringify(report)))
    const data = Object.fromEntries(texts.map((text, at) => [`receiver-${at}`, text]))
    assert.equal(foldProblemOf(readReports({ data })), problem)
  })
}

const problemWhereOneReceives = (...given: object[]) => {
  const data = Object.fromEntries(given.map((report, nth) => [`pod-${nth}`, JSON.stringify(report)]))
  return foldProblemOf(readReports({ data }), { oneReceives: true })
}

test('receivers of which only one is sent deliveries may have inboxes of their own, and still must recognise jobs', () => {
  assert.equal(problemWhereOneReceives(own, own), undefined)
  assert.equal(problemWhereOneReceives(own, older), 'OlderVersion')
})
