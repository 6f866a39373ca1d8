import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test, type TestContext } from 'node:test'

import { createAdminServer } from '../../../src/admin/admin-server.ts'
import { InboxUnavailableError, type DeadLetter, type DeadLetterQuery } from '../../../src/inbox/port.ts'
import { silentLogger } from '../../../src/observability/logger.ts'

const owner = { uid: 'uid-1', namespace: 'ml', name: 'batch-events' }
const letters: DeadLetter[] = ['08', '09', '10'].map((hour, at) => ({
  deliveryId: String(at + 1),
  owner,
  eventId: `msg_${at + 1}`,
  sink: 'worker',
  reason: 'RetriesExhausted',
  attempts: 61,
  endedAtMs: Date.parse(`2026-11-21T${hour}:00:00Z`),
}))

async function anAdmin(t: TestContext, given: { isBroken?: boolean } = {}) {
  const queries: DeadLetterQuery[] = []
  const asked: string[] = []
  let nudges = 0
  const server = createAdminServer({
    port: 0,
    logger: silentLogger,
    onReplayed: () => nudges++,
    inbox: {
      async stats() {
        if (given.isBroken === true) throw new InboxUnavailableError('/secret/path is full')
        const pendingByOwner = new Map([['uid-1', 2]])
        return { events: 5, bodyBytes: 500, pending: 2, deadLetters: 3, oldestPendingMs: 10, pendingByOwner }
      },
      async deadLetters(query) {
        queries.push(query)
        return letters
      },
      async replay(id) {
        asked.push(id)
        return letters.some(({ deliveryId }) => deliveryId === id)
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
  return { ask, replay, queries, asked, nudges: () => nudges }
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

test('answers a forwarded port by either name of this machine', async (t) => {
  const { ask } = await anAdmin(t)
  for (const host of ['localhost:12345', '127.0.0.1', 'LOCALHOST:8081']) {
    assert.equal((await ask('/v1/stats', { headers: { 'x-gwh-admin': 'gwh', host } })).status, 200)
  }
})

test('statistics are those of the inbox', async (t) => {
  const { ask } = await anAdmin(t)
  const pendingByOwner = { 'uid-1': 2 }
  const stats = { events: 5, bodyBytes: 500, pending: 2, deadLetters: 3, oldestPendingMs: 10, pendingByOwner }
  assert.deepEqual((await ask('/v1/stats')).json, stats)
})

test('an inbox that fails is told without its details', async (t) => {
  const { ask } = await anAdmin(t, { isBroken: true })
  const { status, json } = await ask('/v1/stats')
  assert.equal(status, 503)
  assert.doesNotMatch(JSON.stringify(json), /secret/)
})

test('dead letters are selected by object, sink, event and time', async (t) => {
  const { ask, queries } = await anAdmin(t)
  const { json } = await ask(
    '/v1/deadletters?namespace=ml&name=batch-events&sink=worker&eventId=msg_2&since=2026-11-21T09:00:00Z&until=2026-11-21T10:00:00Z&limit=7',
  )
  const want = { deliveryId: '2', eventId: 'msg_2', sink: 'worker', reason: 'RetriesExhausted', attempts: 61 }
  const named = { namespace: 'ml', name: 'batch-events', uid: 'uid-1', endedAt: '2026-11-21T09:00:00.000Z' }
  assert.deepEqual(json, { deadLetters: [{ ...want, ...named }] })
  const asked = { owner: { namespace: 'ml', name: 'batch-events' }, sink: 'worker', eventId: 'msg_2', limit: 7 }
  assert.deepEqual(queries, [asked])
})

for (const query of ['namespace=ml', 'snik=worker', 'limit=0', 'limit=1001', 'since=yesterday', 'until=5', 'sink=']) {
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

test('a replay of a time range takes only what was given up in it', async (t) => {
  const { replay, asked } = await anAdmin(t)
  await replay({ sink: 'worker', since: '2026-11-21T09:00:00Z' })
  assert.deepEqual(asked, ['2', '3'])
})

for (const body of [
  {},
  [],
  null,
  { deliveryIds: [] },
  { deliveryIds: [1] },
  { deliveryIds: ['1'], sink: 'w' },
  { sink: 5 },
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
