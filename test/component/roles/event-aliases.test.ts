import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

import { aSink } from '../../support/builders/deliveries.ts'
import { signedDelivery } from '../../support/builders/signed-delivery.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { startOperatorWorld } from '../../support/worlds/operator-world.ts'
import { aKeyringEntry } from '../../support/worlds/receiver-fixture.ts'
import { startReceiverRole } from '../../support/worlds/receiver-role.ts'
import { ServedKeyring } from '../../support/worlds/served-keyring.ts'

/** Takes everything, and keeps it by the path that it came to: one for each sink. */
async function aWorker(t: TestContext) {
  const got = new Map<string, { headers: IncomingHttpHeaders; body: string }>()
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      got.set(request.url ?? '', { headers: request.headers, body })
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  return { got, urlOf: (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}` }
}

test('an event that Google has renamed has its known name for filters, transforms and CloudEvents, and its own bytes', async (t) => {
  const world = await startOperatorWorld()
  t.after(() => world.close())
  const worker = await aWorker(t)
  const base = aKeyringEntry()
  const sinkTo = (name: string, given: Partial<Parameters<typeof aSink>[0]>) =>
    aSink({ name, destination: { type: 'http', url: worker.urlOf(name), reach: 'cluster' }, ...given })
  const known = { typesExact: ['batch.succeeded'], typesPrefix: [] }
  const body = '{"type": event.type}'
  await new ServedKeyring(world).put({
    ...base,
    sinks: [
      sinkTo('plain', { filter: known }),
      sinkTo('cel', { filter: { typesExact: [], typesPrefix: [], cel: 'event.type == "batch.succeeded"' } }),
      sinkTo('transformed', { transform: { body, contentType: 'application/json', method: 'POST', headers: {} } }),
      sinkTo('original', { format: 'Original' }),
      sinkTo('renamed', { filter: { typesExact: ['batch.completed'], typesPrefix: [] } }),
    ],
  })
  const receiver = await startReceiverRole(t, world, [
    '--allow-loopback-sinks',
    '--event-aliases=batch.completed=batch.succeeded,webhook.test=ping',
  ])
  const { secret = '' } = base.secrets[0] ?? {}
  const deliver = async (id: string, type: string) => {
    const delivery = signedDelivery({ secret, atMs: Date.now(), id, type })
    const url = `http://127.0.0.1:${receiver.port}/v1/s/ml/batch-events`
    return (await fetch(url, { method: 'POST', headers: delivery.headers, body: delivery.body })).status
  }
  // A ping under another name, while nobody waits for one: it goes to no sink, not even to the one without a filter.
  await eventually('the ping is taken', async () => (await deliver('msg_0', 'webhook.test')) === 204)
  await eventually('nothing waits', async () => (await receiver.inbox.stats()).pending === 0)
  assert.deepEqual([...worker.got.keys()], [])
  assert.equal(await deliver('msg_1', 'batch.completed'), 204)
  const expected = ['/cel', '/original', '/plain', '/transformed']
  await eventually('each sink that wants it has it', () => worker.got.size === expected.length)
  await eventually('nothing waits', async () => (await receiver.inbox.stats()).pending === 0)
  assert.deepEqual([...worker.got.keys()].toSorted(), expected)
  for (const path of ['/cel', '/plain']) {
    assert.equal(worker.got.get(path)?.headers['ce-type'], 'com.google.gemini.batch.succeeded', path)
  }
  assert.equal(worker.got.get('/transformed')?.body, '{"type":"batch.succeeded"}')
  assert.match(worker.got.get('/original')?.body ?? '', /"type":"batch.completed"/)
})
