import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, request, type IncomingMessage } from 'node:http'
import { networkInterfaces } from 'node:os'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'

import type * as z from 'zod'

import { createAdminServer } from '../../../src/admin/admin-server.ts'
import { adminRoutes } from '../../../src/contract/admin-api/routes.ts'
import { DeliveryFeed } from '../../../src/feed/delivery-feed.ts'
import { EventFeed } from '../../../src/feed/event-feed.ts'
import type { RequestEntry, StepEntry } from '../../../src/contract/feed-entry.ts'
import {
  InboxUnavailableError,
  type DeadLetter,
  type DeadLetterQuery,
  type PendingDelivery,
  type KeptDelivery,
  type KeptQuery,
  type PendingQuery,
} from '../../../src/inbox/port.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { RawConnection } from '../../support/measures/raw-connection.ts'
import { undocumentedFields } from '../../support/builders/undocumented-fields.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
const owner = { uid: 'uid-1', namespace: 'ml', name: 'batch-events' }
const tried = { firstDueMs: Date.parse('2026-11-20T08:00:00Z') }
const letters: DeadLetter[] = ['08', '09', '10'].map((hour, at) => ({
  deliveryId: String(at + 1),
  owner,
  eventId: `msg_${at + 1}`,
  eventType: 'batch.succeeded',
  sink: 'worker',
  reason: 'RetriesExhausted',
  attempts: 61,
  endedAtMs: Date.parse(`2026-11-21T${hour}:00:00Z`),
}))
for (const [at, lastCause] of ['status 503', 'timeout'].entries())
  Object.assign(letters[at] ?? {}, { lastCause, ...tried })

const common = { owner, eventType: 'batch.failed', sink: 'worker', replayed: false }
const firstDueMs = Date.parse('2026-11-21T08:00:00Z')
const nextTryMs = Date.parse('2026-11-21T08:30:00Z')
const pending: PendingDelivery[] = [
  {
    ...common,
    deliveryId: '7',
    eventId: 'msg_7',
    state: 'waiting',
    attempts: 3,
    firstDueMs,
    dueMs: nextTryMs,
    lastCause: 'status 503',
    lastStepMs: firstDueMs + 1_000,
  },
  { ...common, deliveryId: '8', eventId: 'msg_8', state: 'claimed', attempts: 0, firstDueMs, dueMs: nextTryMs },
]

const keptDelivery: KeptDelivery = {
  deliveryId: '3',
  owner,
  eventId: 'msg_3',
  eventType: 'batch.succeeded',
  sink: 'worker',
  endedAtMs: Date.parse('2026-11-21T09:00:00Z'),
  keepUntilMs: Date.parse('2026-11-24T09:00:00Z'),
}

async function anAdmin(t: TestContext, given: { isBroken?: boolean; hasMore?: boolean } = {}) {
  const queries: DeadLetterQuery[] = []
  const pendingQueries: PendingQuery[] = []
  const keptQueries: KeptQuery[] = []
  const asked: string[] = []
  const probed: string[][] = []
  let nudges = 0
  const feed = new DeliveryFeed()
  const arrivals = new EventFeed()
  const clock = new FakeClock()
  const server = createAdminServer({
    port: 0,
    clock,
    version: '1.2.3',
    logger: silentLogger,
    feed,
    arrivals,
    isInboxShared: false,
    underWay: () => new Map([['ml', { underWay: 7, waiting: 2 }]]),
    beginHandover: async () => {},
    onReplayed: (lanes) => {
      nudges++
      probed.push([...lanes])
    },
    inbox: {
      async stats() {
        if (given.isBroken === true) throw new InboxUnavailableError('/secret/path is full')
        const pendingByOwner = new Map([['uid-1', 2]])
        const lastDropMsByOwner = new Map([['uid-1', 1_000]])
        const sizes = { events: 5, bodyBytes: 500, rememberedIds: 9, kept: 4 }
        const counts = { ...sizes, pending: 2, deadLetters: 3, oldestPendingMs: 10 }
        const byNamespace = new Map([['batch', { events: 5, bytes: 500, deadLetters: 3, rememberedIds: 9 }]])
        return { ...counts, pendingByOwner, lastDropMsByOwner, byNamespace }
      },
      async deadLetters(query) {
        queries.push(query)
        const next = { endedAtMs: 1_795_262_398_000, deliveryId: 'ml.batch-events.msg_1.worker' }
        return { deadLetters: letters, ...(given.hasMore === true && { next }) }
      },
      async deadLetterEvent(id) {
        return letters.some(({ deliveryId }) => deliveryId === id)
          ? anEvent({ body: Buffer.from([0, 255]) })
          : undefined
      },
      async replay(id) {
        asked.push(id)
        if (given.isBroken === true && asked.length > 1) throw new InboxUnavailableError('the disk is full')
        return letters.some(({ deliveryId }) => deliveryId === id)
      },
      async kept(query) {
        keptQueries.push(query)
        const next = { endedAtMs: 1_795_262_398_000, deliveryId: '3' }
        return { kept: [keptDelivery], ...(given.hasMore === true && { next }) }
      },
      async pending(query) {
        pendingQueries.push(query)
        return { pending, ...(given.hasMore === true && { next: { firstDueMs, deliveryId: '8' } }) }
      },
      async retryNow(id) {
        asked.push(id)
        if (given.isBroken === true && asked.length > 1) throw new InboxUnavailableError('the disk is full')
        return id === '7' ? 'uid-1/worker' : undefined
      },
    },
  })
  const { port } = await server.listen()
  t.after(() => server.close())
  const ask = (path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
    new Promise<{ status: number | undefined; json: unknown }>((resolve, reject) => {
      const { method = 'GET', headers = { 'x-gwh-admin': '1' }, body } = options
      const call = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode, json: JSON.parse(text) as unknown }))
      })
      call.on('error', reject)
      call.end(body)
    })
  const replay = (body: unknown) =>
    ask('/v1/replay', { method: 'POST', body: JSON.stringify(body), headers: { 'x-gwh-admin': '1' } })
  const watch = async (path: string): Promise<IncomingMessage> => {
    const call = get({ host: '127.0.0.1', port, path, headers: { 'x-gwh-admin': '1' }, agent: false })
    t.after(() => call.destroy())
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    response.on('error', () => {})
    return response
  }
  const retry = (body: unknown) =>
    ask('/v1/retry', { method: 'POST', body: JSON.stringify(body), headers: { 'x-gwh-admin': '1' } })
  const seen = { queries, keptQueries, pendingQueries, asked, probed, nudges: () => nudges }
  return { ask, replay, retry, watch, server, port, feed, arrivals, clock, ...seen }
}

function aRequest(given: Partial<RequestEntry> = {}): RequestEntry {
  return {
    kind: 'request',
    atMs: Date.parse('2026-11-21T12:00:00Z'),
    route: '/v1/s/:namespace/:name',
    outcome: 'Stored',
    status: 204,
    namespace: 'ml',
    name: 'batch-events',
    eventId: 'msg_1',
    keyId: 'k1',
    headers: { 'webhook-id': 'msg_1' },
    durationMs: 1.234,
    ...given,
  }
}

function aStep(given: Partial<StepEntry> = {}): StepEntry {
  const attempt = { number: 1, sinkType: 'http', outcome: 'retryable', status: 503, replayed: false, durationMs: 2.06 }
  return {
    kind: 'step',
    atMs: Date.parse('2026-11-21T12:00:01Z'),
    namespace: 'ml',
    name: 'batch-events',
    eventId: 'msg_1',
    sink: 'worker',
    next: 'RetryAt',
    retryAtMs: Date.parse('2026-11-21T12:00:02Z'),
    attempt,
    ...given,
  }
}

for (const [who, headers] of Object.entries<Record<string, string>>({
  'a browser page, which cannot set the header': {},
  'a name that was rebound to this machine': { 'x-gwh-admin': '1', host: 'attacker.example:8081' },
  'a host that only begins right': { 'x-gwh-admin': '1', host: 'localhost.attacker.example' },
  'an empty header': { 'x-gwh-admin': '' },
})) {
  test(`refuses ${who}, and does nothing`, async (t) => {
    const { ask, asked } = await anAdmin(t)
    const body = JSON.stringify({ deliveryIds: ['1'] })
    assert.equal((await ask('/v1/replay', { method: 'POST', headers, body })).status, 403)
    assert.deepEqual(asked, [])
  })
}

test('answers a forwarded port by every name of this machine', async (t) => {
  const { ask } = await anAdmin(t)
  for (const host of ['localhost:12345', '127.0.0.1', 'LOCALHOST:8081', '[::1]:8081']) {
    assert.equal((await ask('/v1/stats', { headers: { 'x-gwh-admin': 'gwh', host } })).status, 200)
  }
})

test(
  'answers a port that is forwarded to the IPv6 loopback address',
  { skip: !hasIpv6 && 'this machine has no IPv6' },
  async (t) => {
    const { port } = await anAdmin(t)
    const answer = await fetch(`http://[::1]:${port}/v1/stats`, { headers: { 'x-gwh-admin': '1' } })
    assert.equal(answer.status, 200)
  },
)

test('statistics are those of the inbox, and what each namespace has there and under way', async (t) => {
  const { ask } = await anAdmin(t)
  const pendingByOwner = { 'uid-1': 2 }
  const stats = {
    inbox: 'own',
    events: 5,
    bodyBytes: 500,
    pending: 2,
    deadLetters: 3,
    oldestPendingMs: 10,
    rememberedIds: 9,
    kept: 4,
    pendingByOwner,
    lastDropMsByOwner: { 'uid-1': 1_000 },
    namespaces: [
      { namespace: 'batch', events: 5, bytes: 500, deadLetters: 3, rememberedIds: 9, underWay: 0, waiting: 0 },
      { namespace: 'ml', events: 0, bytes: 0, deadLetters: 0, rememberedIds: 0, underWay: 7, waiting: 2 },
    ],
  }
  assert.deepEqual((await ask('/v1/stats')).json, stats)
})

test('an inbox that fails is told without its details', async (t) => {
  const { ask } = await anAdmin(t, { isBroken: true })
  const { status, json } = await ask('/v1/stats')
  assert.equal(status, 503)
  assert.doesNotMatch(JSON.stringify(json), /secret/)
})

test('dead letters are selected by object, sink, event, type, reason and time', async (t) => {
  const { ask, queries } = await anAdmin(t)
  const { json } = await ask(
    '/v1/deadletters?namespace=ml&name=batch-events&sink=worker&eventId=msg_2&type=batch.succeeded&reason=Rejected' +
      '&since=2026-11-21T09:00:00Z&until=2026-11-21T10:00:00Z&limit=7',
  )
  const { deadLetters } = json as { deadLetters: unknown[] }
  const want = { deliveryId: '2', eventId: 'msg_2', eventType: 'batch.succeeded', sink: 'worker', attempts: 61 }
  const named = { namespace: 'ml', name: 'batch-events', uid: 'uid-1', endedAt: '2026-11-21T09:00:00.000Z' }
  const since = '2026-11-20T08:00:00.000Z'
  const told = { reason: 'RetriesExhausted', lastCause: 'timeout', since }
  assert.deepEqual(deadLetters[1], { ...want, ...told, ...named })
  assert.deepEqual(queries, [
    {
      owner: { namespace: 'ml', name: 'batch-events' },
      sink: 'worker',
      eventId: 'msg_2',
      eventType: 'batch.succeeded',
      reason: 'Rejected',
      sinceMs: Date.parse('2026-11-21T09:00:00Z'),
      untilMs: Date.parse('2026-11-21T10:00:00Z'),
      limit: 7,
    },
  ])
})

for (const query of [
  'namespace=ml',
  'snik=worker',
  'limit=0',
  'limit=1001',
  'since=yesterday',
  'until=5',
  'sink=',
  'reason=Bored',
  'cursor=x',
]) {
  test(`a selection that is not understood is refused: ${query}`, async (t) => {
    const { ask, queries } = await anAdmin(t)
    assert.equal((await ask(`/v1/deadletters?${query}`)).status, 400)
    assert.deepEqual(queries, [])
  })
}

test('a replay by id says which ones were known, and wakes the dispatcher once', async (t) => {
  const { replay, nudges } = await anAdmin(t)
  const { json } = await replay({ deliveryIds: ['1', '9', '3'] })
  assert.deepEqual(json, { replayed: ['1', '3'], unknown: ['9'] })
  assert.equal(nudges(), 1)
})

test('a dead letter tells the status where the sink answered, and nothing of what a version before did not keep', async (t) => {
  const { ask } = await anAdmin(t)
  const { deadLetters } = (await ask('/v1/deadletters')).json as { deadLetters: Record<string, unknown>[] }
  assert.deepEqual(
    deadLetters.map(({ lastCause, lastStatus, since }) => [lastCause, lastStatus, typeof since]),
    [
      ['status 503', 503, 'string'],
      ['timeout', undefined, 'string'],
      [undefined, undefined, 'undefined'],
    ],
  )
})

test('what was delivered and is kept is selected by the time of its delivery, and replayed where it is meant', async (t) => {
  const { ask, replay, keptQueries, queries, asked } = await anAdmin(t, { hasMore: true })
  const { json } = await ask('/v1/delivered?sink=worker&since=2026-11-21T08:00:00Z')
  const want = { deliveryId: '3', eventId: 'msg_3', eventType: 'batch.succeeded', sink: 'worker' }
  const times = { deliveredAt: '2026-11-21T09:00:00.000Z', keptUntil: '2026-11-24T09:00:00.000Z' }
  const { kept, cursor } = json as { kept: unknown[]; cursor: string }
  assert.deepEqual(kept, [{ ...want, namespace: 'ml', name: 'batch-events', uid: 'uid-1', ...times }])
  assert.deepEqual((await replay({ delivered: true, sink: 'worker', cursor })).json, {
    replayed: ['3'],
    unknown: [],
    cursor,
  })
  const selection = { sink: 'worker', limit: 1_000 }
  assert.deepEqual(keptQueries, [
    { ...selection, sinceMs: Date.parse('2026-11-21T08:00:00Z') },
    { ...selection, after: { endedAtMs: 1_795_262_398_000, deliveryId: '3' } },
  ])
  assert.deepEqual([queries, asked], [[], ['3']])
  for (const refused of [
    { delivered: true },
    { delivered: false, sink: 'a' },
    { delivered: true, reason: 'Rejected' },
  ]) {
    assert.equal((await replay(refused)).status, 400, JSON.stringify(refused))
  }
})

test('page after page of dead letters is asked for with the cursor of the one before', async (t) => {
  const { ask, queries } = await anAdmin(t, { hasMore: true })
  const { json } = await ask('/v1/deadletters?sink=worker&limit=3')
  const { cursor } = json as { cursor: string }
  await ask(`/v1/deadletters?sink=worker&limit=3&cursor=${encodeURIComponent(cursor)}`)
  assert.deepEqual(queries[1], {
    sink: 'worker',
    limit: 3,
    after: { endedAtMs: 1_795_262_398_000, deliveryId: 'ml.batch-events.msg_1.worker' },
  })
})

test('a body is shown only to who asks for this very one', async (t) => {
  const { ask } = await anAdmin(t)
  assert.doesNotMatch(JSON.stringify((await ask('/v1/deadletters')).json), /body/i)
  assert.deepEqual((await ask('/v1/deadletters/body?deliveryId=2')).json, {
    deliveryId: '2',
    eventId: 'msg_1',
    contentType: 'application/json',
    receivedAt: '2026-11-21T12:00:00.000Z',
    bodyBase64: 'AP8=',
  })
  assert.equal((await ask('/v1/deadletters/body?deliveryId=9')).status, 404)
  assert.equal((await ask('/v1/deadletters/body')).status, 400)
})

test('a replay by selection is one page of it, with the cursor to go on', async (t) => {
  const { replay, asked, queries } = await anAdmin(t, { hasMore: true })
  const selection = { sink: 'worker', type: 'batch.succeeded', since: '2026-11-21T07:00:00Z', limit: 3 }
  const { json } = await replay(selection)
  assert.deepEqual(asked, ['1', '2', '3'])
  const { cursor, ...rest } = json as { cursor: string }
  assert.deepEqual(rest, { replayed: ['1', '2', '3'], unknown: [] })
  await replay({ ...selection, cursor })
  assert.equal(queries[1]?.after?.deliveryId, 'ml.batch-events.msg_1.worker')
})

test('everything is replayed only for who says everything', async (t) => {
  const { replay, asked } = await anAdmin(t)
  assert.equal((await replay({ all: true, limit: 1_000 })).status, 200)
  assert.deepEqual(asked, ['1', '2', '3'])
})

test('a replay that fails in the middle says so, and wakes the dispatcher for what was done', async (t) => {
  const { replay, nudges } = await anAdmin(t, { isBroken: true })
  assert.equal((await replay({ deliveryIds: ['1', '2'] })).status, 503)
  assert.equal(nudges(), 1)
})

test('recent deliveries come newest first, requests and steps, with no more than was shown', async (t) => {
  const { ask, feed } = await anAdmin(t)
  feed.add(aRequest())
  feed.add(aStep())
  const { json } = await ask('/v1/deliveries')
  const { durationMs: _, atMs: __, ...request } = aRequest()
  assert.deepEqual(json, {
    deliveries: [
      {
        at: '2026-11-21T12:00:01.000Z',
        kind: 'step',
        namespace: 'ml',
        name: 'batch-events',
        eventId: 'msg_1',
        sink: 'worker',
        next: 'RetryAt',
        retryAt: '2026-11-21T12:00:02.000Z',
        attempt: { ...aStep().attempt, durationMs: 2.1 },
      },
      { at: '2026-11-21T12:00:00.000Z', ...request, durationMs: 1.2 },
    ],
  })
})

test('recent deliveries are bounded and selected by what is asked for', async (t) => {
  const { ask, feed } = await anAdmin(t)
  for (let n = 0; n < 3_000; n++) feed.add(aRequest({ eventId: `msg_${n}` }))
  feed.add(aStep({ sink: 'other' }))
  const count = async (query: string) =>
    ((await ask(`/v1/deliveries${query}`)).json as { deliveries: unknown[] }).deliveries.length
  assert.equal(await count(''), 100)
  assert.equal(await count('?limit=5000'), 1_001)
  assert.equal(await count('?kind=step'), 1)
  assert.equal(await count('?sink=other&limit=5000'), 1)
  assert.equal(await count('?eventId=msg_2999'), 1)
  assert.equal(await count('?namespace=other'), 0)
  for (const query of ['?limit=0', '?limit=x', '?snik=a', '?kind=x', '?eventId=']) {
    assert.equal((await ask(`/v1/deliveries${query}`)).status, 400, query)
  }
})

test('the stream shows each delivery as it happens, one line of JSON each, and what is asked for only', async (t) => {
  const { watch, feed } = await anAdmin(t)
  feed.add(aRequest({ eventId: 'before' }))
  const stream = await watch('/v1/deliveries/stream?namespace=ml&kind=request')
  assert.equal(stream.headers['content-type'], 'application/x-ndjson')
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]()
  feed.add(aStep())
  feed.add(aRequest({ namespace: 'other' }))
  feed.add(aRequest({ eventId: 'msg_7' }))
  const { value } = (await lines.next()) as { value: string }
  assert.equal((JSON.parse(value) as { eventId: string }).eventId, 'msg_7')
})

test('the stream of events shows what is stored from then on with its body, and no signature', async (t) => {
  const { watch, arrivals } = await anAdmin(t)
  const stream = await watch('/v1/events/stream?namespace=ml&name=batch-events')
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]()
  arrivals.add(anEvent({ eventId: 'msg_other', owner: anOwner('other') }))
  arrivals.add(anEvent({ eventId: 'msg_1', body: Buffer.from('{"ü":1}') }))
  const { value } = (await lines.next()) as { value: string }
  assert.deepEqual(JSON.parse(value), {
    namespace: 'ml',
    name: 'batch-events',
    eventId: 'msg_1',
    receivedAt: '2026-11-21T12:00:00.000Z',
    contentType: 'application/json',
    bodyBase64: Buffer.from('{"ü":1}').toString('base64'),
  })
})

test('a quiet stream shows an empty line every fifteen seconds', async (t) => {
  const { watch, clock } = await anAdmin(t)
  const stream = await watch('/v1/deliveries/stream')
  await clock.advance({ seconds: 30 })
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await eventually('two empty lines', () => text === '\n\n')
})

test('a reader that does not keep up is cut off, and the others go on', async (t) => {
  const { watch, feed, ask } = await anAdmin(t)
  const slow = await watch('/v1/deliveries/stream')
  const quick = await watch('/v1/deliveries/stream')
  quick.resume()
  slow.pause()
  const headers = { 'user-agent': 'x'.repeat(250) }
  for (let sent = 0; sent < 400_000 && !slow.socket.closed; sent++) {
    feed.add(aRequest({ headers }))
    if (sent % 100 === 0) await settle()
  }
  slow.resume() // what the kernel holds; then the end
  await eventually('the slow one is cut', () => slow.socket.closed)
  assert.equal(quick.destroyed, false)
  assert.equal((await ask('/v1/stats')).status, 200)
})

test('as many as eight may watch; the place of one that went away is free again', async (t) => {
  const { watch, ask } = await anAdmin(t)
  const readers = await Promise.all(Array.from({ length: 8 }, () => watch('/v1/deliveries/stream')))
  assert.equal((await ask('/v1/deliveries/stream')).status, 503)
  readers[0]?.destroy()
  await eventually('a free place', async () => {
    const next = await watch('/v1/deliveries/stream')
    const isIn = next.statusCode === 200
    next.destroy()
    return isIn
  })
  assert.equal((await ask('/v1/deliveries/stream?kind=x')).status, 400)
})

test('closing ends the streams', async (t) => {
  const { watch, server } = await anAdmin(t)
  const stream = await watch('/v1/deliveries/stream')
  stream.resume()
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  stream.once('close', resolve)
  await server.close()
  await ended
})

for (const body of [
  {},
  [],
  null,
  { deliveryIds: [] },
  { deliveryIds: [1] },
  { deliveryIds: ['1'], sink: 'w' },
  { sink: 5 },
  { limit: 5 },
  { all: 'yes' },
  { all: true, sink: 'worker' },
]) {
  test(`a replay that could mean everything is refused: ${JSON.stringify(body)}`, async (t) => {
    const { replay, asked, nudges } = await anAdmin(t)
    assert.equal((await replay(body)).status, 400)
    assert.deepEqual([asked, nudges()], [[], 0])
  })
}

test('an endless body is refused, and so is a path that does not exist', async (t) => {
  const { ask } = await anAdmin(t)
  const long = { method: 'POST', body: 'a'.repeat(70_000), headers: { 'x-gwh-admin': '1' } }
  assert.equal((await ask('/v1/replay', long)).status, 413)
  assert.equal((await ask('/v1/nothing')).status, 404)
  assert.equal((await ask('/v1/replay')).status, 404)
})

test('answers have what the contract names, and no more', async (t) => {
  const { ask, retry, replay, feed } = await anAdmin(t, { hasMore: true })
  feed.add(aRequest({ bodyBytes: 5, skewSeconds: 1 }))
  feed.add(aStep({ reason: 'Rejected' }))
  const answers: [z.ZodType, { json: unknown }][] = [
    [adminRoutes.readStats.answer, await ask('/v1/stats')],
    [adminRoutes.listRecent.answer, await ask('/v1/deliveries')],
    [adminRoutes.listPending.answer, await ask('/v1/pending')],
    [adminRoutes.listDeadLetters.answer, await ask('/v1/deadletters')],
    [adminRoutes.listKept.answer, await ask('/v1/delivered')],
    [adminRoutes.readDeadLetterBody.answer, await ask('/v1/deadletters/body?deliveryId=1')],
    [adminRoutes.retry.answer, await retry({ all: true })],
    [adminRoutes.replay.answer, await replay({ all: true })],
  ]
  for (const [schema, { json }] of answers) {
    assert.deepEqual(schema.safeParse(json).error?.issues, undefined)
    assert.deepEqual(undocumentedFields(schema, json), [])
  }
})

test('every answer tells the version of the receiver, refusals and the stream too', async (t) => {
  const { port, watch } = await anAdmin(t)
  const headers = { 'x-gwh-admin': '1' }
  const answers = await Promise.all([
    fetch(`http://127.0.0.1:${port}/v1/stats`, { headers }),
    fetch(`http://127.0.0.1:${port}/v1/stats`),
    fetch(`http://127.0.0.1:${port}/%zz`, { headers }),
  ])
  const told = answers.map((answer) => [answer.status, answer.headers.get('x-gwh-version')])
  assert.deepEqual(told, [
    [200, '1.2.3'],
    [403, '1.2.3'],
    [404, '1.2.3'],
  ])
  assert.equal((await watch('/v1/deliveries/stream')).headers['x-gwh-version'], '1.2.3')
})

test('what a body is called does not matter, and what is no name at all is not blamed on the inbox', async (t) => {
  const { ask, asked } = await anAdmin(t)
  const body = JSON.stringify({ deliveryIds: ['1'] })
  const named = (type: string) =>
    ask('/v1/replay', { method: 'POST', body, headers: { 'x-gwh-admin': '1', 'content-type': type } })
  for (const type of ['application/x-www-form-urlencoded', 'application/json', 'text/plain; charset=x']) {
    assert.equal((await named(type)).status, 200, type)
  }
  assert.equal((await named(';')).status, 400)
  assert.equal(asked.length, 3)
})

test('headers are bounded, and so are connections', async (t) => {
  const { port } = await anAdmin(t)
  const long = await RawConnection.open(port)
  long.write(`GET /v1/stats HTTP/1.1\r\nHost: localhost\r\nx: ${'a'.repeat(8_192)}\r\n\r\n`)
  await long.closed
  assert.match(long.received, /^HTTP\/1\.1 431 /)
  const silent = await Promise.all(Array.from({ length: 64 }, () => RawConnection.open(port)))
  t.after(() => silent.forEach((connection) => connection.close()))
  const another = await RawConnection.open(port)
  await another.closed
})

test('pending deliveries are listed as they stand, page by page, without a body', async (t) => {
  const { ask, pendingQueries } = await anAdmin(t, { hasMore: true })
  const { status, json } = await ask('/v1/pending?namespace=ml&name=batch-events&cause=status%20503&limit=2')
  assert.equal(status, 200)
  const shown = { namespace: 'ml', name: 'batch-events', uid: 'uid-1', since: '2026-11-21T08:00:00.000Z' }
  const { owner: _, ...kept } = common
  const { cursor, ...page } = json as { cursor: string }
  assert.deepEqual(page, {
    pending: [
      {
        ...kept,
        ...shown,
        deliveryId: '7',
        eventId: 'msg_7',
        state: 'waiting',
        attempts: 3,
        lastCause: 'status 503',
        lastStepAt: '2026-11-21T08:00:01.000Z',
        nextTryAt: '2026-11-21T08:30:00.000Z',
      },
      { ...kept, ...shown, deliveryId: '8', eventId: 'msg_8', state: 'claimed', attempts: 0 },
    ],
  })
  await ask(`/v1/pending?since=2026-11-21T07:00:00Z&cursor=${cursor}`)
  assert.deepEqual(pendingQueries, [
    { owner: { namespace: 'ml', name: 'batch-events' }, cause: 'status 503', limit: 2 },
    { sinceMs: Date.parse('2026-11-21T07:00:00Z'), after: { firstDueMs, deliveryId: '8' }, limit: 1_000 },
  ])
})

test('retry makes due what waits, leaves what is under way, and has the sink tried', async (t) => {
  const { retry, asked, probed } = await anAdmin(t)
  assert.deepEqual((await retry({ sink: 'worker' })).json, { retried: ['7'], unknown: [] })
  assert.deepEqual(asked, ['7'], 'the claimed one needs no hurry')
  assert.deepEqual((await retry({ deliveryIds: ['7', '8', '9'] })).json, { retried: ['7'], unknown: ['8', '9'] })
  assert.deepEqual(probed, [['uid-1/worker'], ['uid-1/worker']])
  assert.deepEqual((await retry({ deliveryIds: ['9'] })).json, { retried: [], unknown: ['9'] })
  assert.equal(probed.length, 2, 'nothing was made due')
})

test('a replay has the sink tried, too', async (t) => {
  const { replay, probed } = await anAdmin(t)
  await replay({ sink: 'worker' })
  assert.deepEqual(probed, [['uid-1/worker']])
})

for (const body of [
  {},
  { reason: 'Rejected' },
  { all: true, sink: 'x' },
  { deliveryIds: [] },
  { sink: 'x', typo: 1 },
]) {
  test(`retry refuses ${JSON.stringify(body)}, and does nothing`, async (t) => {
    const { retry, asked } = await anAdmin(t)
    assert.equal((await retry(body)).status, 400)
    assert.deepEqual(asked, [])
  })
}

test('a page of retries that the inbox takes in part is a failure, and what it took goes out', async (t) => {
  const { retry, nudges } = await anAdmin(t, { isBroken: true })
  assert.equal((await retry({ deliveryIds: ['7', '8'] })).status, 503)
  assert.equal(nudges(), 1)
})
