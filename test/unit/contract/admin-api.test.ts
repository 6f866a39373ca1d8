import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readGiven } from '../../../src/contract/admin-api/read-given.ts'
import { adminRoutes, deliveryStream, eventStream } from '../../../src/contract/admin-api/routes.ts'
import { writeGiven } from '../../../src/contract/admin-api/write-given.ts'

const posted = (value: unknown) => ({ query: {}, body: typeof value === 'string' ? value : JSON.stringify(value) })
const problemOfBody = (route: 'replay' | 'retry' | 'takeOver' | 'release', value: unknown) =>
  readGiven(adminRoutes[route], posted(value))
const queried = (query: Record<string, string>) => ({ query, body: '' })

const long = 'a'.repeat(513)
const notIds = 'deliveryIds must be a list of 1 to 1000 texts and stand alone'
const notSaid =
  'give deliveryIds, at least one of namespace, name, sink, eventId, type, since, until, reason, or "all": true alone'
const notKnown = 'a field is not one of namespace, name, sink, eventId, type, since, until, reason, limit, cursor'
const notKnownOfReplay = notKnown.replace('reason,', 'reason, delivered,')
const wrongBodies: [given: unknown, problem: string][] = [
  ['', 'the body is no JSON object'],
  ['{', 'the body is no JSON object'],
  [[], 'the body is no JSON object'],
  [null, 'the body is no JSON object'],
  [{}, notSaid],
  [{ limit: 5 }, notSaid],
  [{ typo: 1 }, notSaid],
  [{ all: 'yes' }, notSaid],
  [{ all: false }, notSaid],
  [{ all: true, sink: 'worker' }, notSaid],
  [{ all: true, typo: 1 }, notKnownOfReplay],
  [{ sink: 'worker', typo: 1 }, notKnownOfReplay],
  [{ deliveryIds: [] }, notIds],
  [{ deliveryIds: [1] }, notIds],
  [{ deliveryIds: [''] }, notIds],
  [{ deliveryIds: [long] }, notIds],
  [{ deliveryIds: '1' }, notIds],
  [{ deliveryIds: null }, notIds],
  [{ deliveryIds: Array.from({ length: 1_001 }, (_, at) => String(at)) }, notIds],
  [{ deliveryIds: ['1'], sink: 'worker' }, notIds],
  [{ deliveryIds: ['1'], all: true }, notIds],
  [{ sink: 5 }, 'sink is no text of 1 to 512 characters'],
  [{ sink: null }, 'sink is no text of 1 to 512 characters'],
  [{ sink: long }, 'sink is no text of 1 to 512 characters'],
  [{ namespace: 'ml' }, 'give namespace and name together'],
  [{ since: 'x' }, 'since and until are times such as 2026-11-21T12:00:00Z'],
  [{ until: '2026-13-45T99:99:99Z' }, 'since and until are times such as 2026-11-21T12:00:00Z'],
  [{ all: true, limit: 0 }, 'limit is not 1 to 1000'],
  [{ all: true, limit: null }, 'limit is not 1 to 1000'],
  [{ all: true, limit: true }, 'limit is not 1 to 1000'],
  [{ all: true, limit: 1.5 }, 'limit is not 1 to 1000'],
  [{ all: true, cursor: 'x' }, 'cursor is none of a page before'],
]

for (const [given, problem] of wrongBodies) {
  test(`of a replay by ${JSON.stringify(given).slice(0, 60)} is said: ${problem.slice(0, 60)}`, () => {
    assert.deepEqual(problemOfBody('replay', given), { problem })
  })
}

test('a retry is told the fields of its own', () => {
  const problem = notSaid.replace('reason', 'cause')
  assert.deepEqual(problemOfBody('retry', { reason: 'Rejected' }), { problem })
})

test('a handover is refused by what it should have been', () => {
  assert.deepEqual(problemOfBody('takeOver', { events: [{ ref: '1' }] }), {
    problem: 'the body is no {events: [...]} as GET /v1/handover gives them',
  })
  assert.deepEqual(problemOfBody('release', { refs: [] }), { problem: 'the body is no {refs: [...]}' })
})

const wrongQueries: [
  route: 'listDeadLetters' | 'listRecent' | 'listHandover' | 'readDeadLetterBody',
  Record<string, string>,
  problem: string,
][] = [
  [
    'listDeadLetters',
    { reason: 'Bored' },
    'reason is not one of RetriesExhausted, Rejected, SinkRemoved, FilterError, OwnerGone, CrashedRepeatedly, Unsendable, RouteRefused, RouteFull, TransformError',
  ],
  ['listDeadLetters', { limit: '' }, 'limit is not 1 to 1000'],
  ['listDeadLetters', { all: 'true' }, notKnown],
  ['listRecent', { limit: '5001' }, 'limit is not 1 to 5000'],
  ['listRecent', { kind: 'x' }, 'kind is request or step'],
  ['listRecent', { snik: 'x' }, 'a field is not one of namespace, name, eventId, sink, kind, limit'],
  ['listHandover', { limit: '101' }, 'limit is not 1 to 100'],
  ['readDeadLetterBody', { deliveryId: '' }, 'give the deliveryId of a dead letter'],
]

for (const [route, query, problem] of wrongQueries) {
  test(`of ${route} by ${JSON.stringify(query)} is said: ${problem.slice(0, 60)}`, () => {
    assert.deepEqual(readGiven(adminRoutes[route], queried(query)), { problem })
  })
}

test('the stream has no limit', () => {
  assert.deepEqual(readGiven(deliveryStream, queried({ limit: '5' })), {
    problem: 'a field is not one of namespace, name, eventId, sink, kind',
  })
})

test('a selection is read with its default, and with times and cursor as numbers', () => {
  const cursor = Buffer.from('5 ml.batch-events.msg_1.worker').toString('base64url')
  const since = '2026-11-21T09:00:00Z'
  const read = { since: Date.parse(since), limit: 1_000, cursor: { ms: 5, deliveryId: 'ml.batch-events.msg_1.worker' } }
  assert.deepEqual(readGiven(adminRoutes.listPending, queried({ since, cursor })), { read })
  assert.deepEqual(readGiven(adminRoutes.retry, posted({ since, cursor, limit: '1000' })), { read })
  assert.deepEqual(readGiven(adminRoutes.retry, posted({ since, cursor, limit: 1000 })), { read })
})

test('what is written is read again', () => {
  const selection = { namespace: 'ml', name: 'a b&c', since: '2026-11-21T09:00:00Z', limit: 5 }
  const { target, body } = writeGiven(adminRoutes.listPending, selection)
  const query = Object.fromEntries(new URL(target, 'http://localhost').searchParams)
  const read = { ...selection, since: Date.parse(selection.since) }
  assert.deepEqual([readGiven(adminRoutes.listPending, { query, body }), body], [{ read }, ''])
  const posted = writeGiven(adminRoutes.retry, selection)
  assert.deepEqual(readGiven(adminRoutes.retry, { query: {}, body: posted.body }), { read })
  assert.deepEqual(writeGiven(adminRoutes.beginHandover, undefined), { target: '/v1/handover/begin', body: '' })
  assert.equal(writeGiven(adminRoutes.readStats, undefined).target, '/v1/stats')
})

test('no two routes are the same request', () => {
  const requests = [...Object.values(adminRoutes), deliveryStream, eventStream].map(
    ({ method, path }) => `${method} ${path}`,
  )
  assert.equal(new Set(requests).size, requests.length)
})
