import assert from 'node:assert/strict'
import { test } from 'node:test'

import { buildReport, maxReportedEndpoints } from '../../../src/receiver/build-report.ts'
import { EndpointActivity } from '../../../src/receiver/endpoint-activity.ts'
import { receiverReportSchema } from '../../../src/reports/report.ts'

const noon = Date.parse('2026-11-21T12:00:42.500Z')
const isCheckOpen = () => true
const nothingPending = new Map<string, number>()
const noDrops = new Map<string, number>()

test('times are coarse: verified to the minute, refusing since to the second', () => {
  const activity = new EndpointActivity()
  activity.noteVerified('u', noon)
  activity.noteRefused('u', noon)
  const report = buildReport({
    activity: activity.entries(),
    pending: new Map([['u', 3]]),
    lastDropMs: noDrops,
    isCheckOpen,
  })
  assert.deepEqual(report, {
    endpoints: { u: { lastVerifiedTime: '2026-11-21T12:00:00Z', refusingSince: '2026-11-21T12:00:42Z', pending: 3 } },
  })
  assert.deepEqual(receiverReportSchema.parse(report), report)
})

test('an echo is reported while its check is open, and no longer', () => {
  const activity = new EndpointActivity()
  activity.noteCheckAnswered('u', 'a-1', 'key')
  const reportWhile = (open: string) =>
    buildReport({
      activity: activity.entries(),
      pending: nothingPending,
      lastDropMs: noDrops,
      isCheckOpen: (_uid, id) => id === open,
    })
  assert.deepEqual(reportWhile('a-1').endpoints, { u: { check: { attemptID: 'a-1', keyID: 'key' }, pending: 0 } })
  assert.deepEqual(reportWhile('a-2').endpoints, {})
})

test('pending deliveries are reported without any activity of this process', () => {
  const report = buildReport({
    activity: [],
    pending: new Map([
      ['b', 1],
      ['a', 2],
      ['c', 0],
    ]),
    lastDropMs: noDrops,
    isCheckOpen,
  })
  assert.equal(JSON.stringify(report), '{"endpoints":{"a":{"pending":2},"b":{"pending":1}}}')
})

test('that dead letters were dropped is told to the hour, without any activity and with nothing pending', () => {
  const lastDropMs = new Map([['u', Date.parse('2026-11-21T12:59:59.999Z')]])
  const report = buildReport({ activity: [], pending: nothingPending, lastDropMs, isCheckOpen })
  assert.deepEqual(report, { endpoints: { u: { lastDropTime: '2026-11-21T12:00:00Z', pending: 0 } } })
  assert.deepEqual(receiverReportSchema.parse(report), report)
})

test('the same state gives the same bytes, whatever came first', () => {
  const texts = [
    ['a', 'b'],
    ['b', 'a'],
  ].map((order) => {
    const activity = new EndpointActivity()
    for (const uid of order) activity.noteVerified(uid, noon)
    return JSON.stringify(
      buildReport({ activity: activity.entries(), pending: nothingPending, lastDropMs: noDrops, isCheckOpen }),
    )
  })
  assert.equal(texts[0], texts[1])
})

test('it is bounded, and what somebody waits for comes first', () => {
  const activity = new EndpointActivity()
  for (let index = 0; index < maxReportedEndpoints; index++) activity.noteVerified(`u-${index}`, noon)
  activity.noteRefused('z-refusing', noon)
  activity.noteCheckAnswered('z-checked', 'a-1', 'key')
  const { endpoints } = buildReport({
    activity: activity.entries(),
    pending: new Map([['z-pending', 1]]),
    lastDropMs: new Map([['z-dropped', noon]]),
    isCheckOpen,
  })
  assert.equal(Object.keys(endpoints).length, maxReportedEndpoints)
  for (const uid of ['z-checked', 'z-refusing', 'z-dropped', 'z-pending']) assert.ok(endpoints[uid], uid)
  assert.ok(JSON.stringify({ endpoints }).length < 256 * 1024)
})
