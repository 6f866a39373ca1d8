import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { signedDelivery } from '../../support/builders/signed-delivery.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { operatorNamespace, startOperatorWorld } from '../../support/worlds/operator-world.ts'
import { aKeyringEntry } from '../../support/worlds/receiver-fixture.ts'
import { startReceiverRole } from '../../support/worlds/receiver-role.ts'

test('a receiver shows on its admin port what it stores, once, with the bytes that came', async (t) => {
  const world = await startOperatorWorld()
  t.after(() => world.close())
  const entry = aKeyringEntry({ sinks: [] })
  const metadata = { namespace: operatorNamespace, name: keyringSecretNameFor(entry.uid) }
  const data = { [entry.uid]: Buffer.from(JSON.stringify(entry)).toString('base64') }
  await world.client.create<Secret>(secretKind, { apiVersion: 'v1', kind: 'Secret', metadata, data })
  const receiver = await startReceiverRole(t, world)
  const post = async (id: string) => {
    const delivery = signedDelivery({ secret: entry.secrets[0]?.secret ?? '', atMs: Date.now(), id })
    const { headers, body } = delivery
    const url = `http://127.0.0.1:${receiver.port}/v1/s/ml/batch-events`
    return { status: (await fetch(url, { method: 'POST', headers, body })).status, body }
  }
  await eventually('the first delivery is taken', async () => (await post('msg_before')).status === 204)

  const asked = request({
    host: '127.0.0.1',
    port: receiver.adminPort,
    path: '/v1/events/stream?namespace=ml',
    headers: { host: 'localhost', 'x-gwh-admin': 'test' },
  }).end()
  t.after(() => asked.destroy())
  const [stream] = (await once(asked, 'response')) as [IncomingMessage]
  assert.equal(stream.statusCode, 200)
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]()
  const { body } = await post('msg_1')
  assert.equal((await post('msg_1')).status, 204, 'a repetition is acknowledged, and not shown again')
  await post('msg_2')
  const shown = [await lines.next(), await lines.next()].map(
    ({ value }) => JSON.parse(String(value)) as { eventId: string; bodyBase64: string },
  )
  assert.deepEqual(
    shown.map(({ eventId }) => eventId),
    ['msg_1', 'msg_2'],
  )
  assert.equal(shown[0]?.bodyBase64, body.toString('base64'))
})
