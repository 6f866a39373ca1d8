import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'

import { readReport } from '../../../src/controller/reports/read-report.ts'
import { buildReport, maxPackedBytes, maxReportedEndpoints } from '../../../src/receiver/build-report.ts'
import { EndpointActivity } from '../../../src/receiver/endpoint-activity.ts'
import { maxSinkBytes } from '../../../src/receiver/report-sinks.ts'
import { receiverReportSchema } from '../../../src/contract/receiver-report/report.ts'

const noon = Date.parse('2026-11-21T12:00:42.500Z')

/** A report of a receiver that has nothing to tell but what is given. */
const reportOf = ({ activity, ...given }: Partial<Omit<Parts, 'activity'>> & { activity?: EndpointActivity }) =>
  buildReport({
    activity: activity?.entries() ?? [],
    pending: new Map(),
    lastDropMs: new Map(),
    isCheckOpen: () => true,
    namespaceOf: () => 'ml',
    ...given,
  })
type Parts = Parameters<typeof buildReport>[0]

test('times are coarse: verified to the minute, refusing since to the second', () => {
  const activity = new EndpointActivity()
  activity.noteVerified('u', noon)
  activity.noteRefused('u', noon)
  const report = reportOf({ activity, pending: new Map([['u', 3]]) })
  assert.deepEqual(report, {
    endpoints: { u: { lastVerifiedTime: '2026-11-21T12:00:00Z', refusingSince: '2026-11-21T12:00:42Z', pending: 3 } },
  })
  assert.deepEqual(receiverReportSchema.parse(report), report)
})

test('a route tells when it last delivered something where an endpoint tells when it verified', () => {
  const activity = new EndpointActivity()
  activity.noteDelivered('route', noon)
  const report = reportOf({ activity })
  assert.deepEqual(report.endpoints, { route: { lastVerifiedTime: '2026-11-21T12:00:00Z', pending: 0 } })
})

test('an echo is reported while its check is open, and no longer', () => {
  const activity = new EndpointActivity()
  activity.noteCheckAnswered('u', 'a-1', 'key')
  const reportWhile = (open: string) => reportOf({ activity, isCheckOpen: (_uid, id) => id === open })
  assert.deepEqual(reportWhile('a-1').endpoints, { u: { check: { attemptID: 'a-1', keyID: 'key' }, pending: 0 } })
  assert.deepEqual(reportWhile('a-2').endpoints, {})
})

test('pending deliveries are reported without any activity of this process', () => {
  const report = reportOf({
    pending: new Map([
      ['b', 1],
      ['a', 2],
      ['c', 0],
    ]),
  })
  assert.equal(JSON.stringify(report), '{"endpoints":{"a":{"pending":2},"b":{"pending":1}}}')
})

test('that dead letters were dropped is told to the hour, without any activity and with nothing pending', () => {
  const lastDropMs = new Map([['u', Date.parse('2026-11-21T12:59:59.999Z')]])
  const report = reportOf({ lastDropMs })
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
    return JSON.stringify(reportOf({ activity }))
  })
  assert.equal(texts[0], texts[1])
})

test('it is bounded, and what somebody waits for comes first', () => {
  const activity = new EndpointActivity()
  for (let index = 0; index < maxReportedEndpoints; index++) activity.noteVerified(`u-${index}`, noon)
  activity.noteRefused('z-refusing', noon)
  activity.noteCheckAnswered('z-checked', 'a-1', 'key')
  const { endpoints } = reportOf({
    activity,
    pending: new Map([['z-pending', 1]]),
    lastDropMs: new Map([['z-dropped', noon]]),
  })
  assert.equal(Object.keys(endpoints).length, maxReportedEndpoints)
  for (const uid of ['z-checked', 'z-refusing', 'z-dropped', 'z-pending']) assert.ok(endpoints[uid], uid)
  assert.ok(JSON.stringify({ endpoints }).length < 256 * 1024)
})

test('what is said of 20,000 objects with deliveries pending fits into one ConfigMap, and is read back whole', () => {
  const uids = Array.from({ length: 20_000 }, () => randomUUID())
  const activity = new EndpointActivity()
  for (const uid of uids) activity.noteVerified(uid, noon)
  const pending = new Map(uids.map((uid, n) => [uid, 1 + (n % 900)]))
  const report = reportOf({ activity, pending })
  const text = JSON.stringify(report)
  assert.ok(text.length + maxSinkBytes < 1000 * 1024, String(text.length))
  assert.equal(report.endpointsLeftOut, undefined)
  const { endpoints } = readReport(text)?.report ?? { endpoints: {} }
  assert.equal(Object.keys(endpoints).length, 20_000)
  for (const [uid, count] of pending) assert.equal(endpoints[uid]?.pending, count)
})

test('what has no room at all is counted, and what somebody waits for is not among it', () => {
  const activity = new EndpointActivity()
  const uids = Array.from({ length: 60_000 }, () => randomUUID())
  for (const uid of uids) activity.noteVerified(uid, noon)
  activity.noteRefused('z-refusing', noon)
  const report = reportOf({ activity })
  assert.ok((report.packed ?? '').length <= maxPackedBytes)
  const read = readReport(JSON.stringify(report))?.report
  assert.equal(Object.keys(read?.endpoints ?? {}).length + (report.endpointsLeftOut ?? 0), 60_001)
  assert.ok((report.endpointsLeftOut ?? 0) > 20_000)
  assert.ok(report.endpoints['z-refusing'])
})

test('whoever has more to tell than has room leaves the room of others alone', () => {
  const activity = new EndpointActivity()
  for (let index = 0; index < 3_000; index += 1) activity.noteCheckAnswered(`a-${index}`, 'check-1', 'key')
  activity.noteRefused('victim', noon)
  const report = reportOf({ activity, namespaceOf: (uid) => (uid === 'victim' ? 'steady' : 'crowd') })
  assert.ok((report.endpointsLeftOut ?? 0) > 0)
  assert.deepEqual(report.endpoints['victim'], { refusingSince: '2026-11-21T12:00:42Z', pending: 0 })
})
