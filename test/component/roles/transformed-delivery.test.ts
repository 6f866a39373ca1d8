import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

import { Webhook } from 'standardwebhooks'

import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { aSink } from '../../support/builders/deliveries.ts'
import { signedDelivery } from '../../support/builders/signed-delivery.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { operatorNamespace, startOperatorWorld } from '../../support/worlds/operator-world.ts'
import { aKeyringEntry } from '../../support/worlds/receiver-fixture.ts'
import { startReceiverRole } from '../../support/worlds/receiver-role.ts'

const signingSecret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`

/** As strict as chats are: anything but an object with a text is answered 400. Keeps what is signed as it is sent. */
async function aChat(t: TestContext) {
  const messages: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      new Webhook(signingSecret).verify(body, request.headers as Record<string, string>)
      const { text: message } = JSON.parse(body) as { text?: unknown }
      if (typeof message === 'string') messages.push(message)
      response.writeHead(typeof message === 'string' ? 200 : 400).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`, messages }
}

test('a chat that takes nothing but messages gets one of a delivery, signed as it is sent', async (t) => {
  const world = await startOperatorWorld()
  t.after(() => world.close())
  const chat = await aChat(t)
  const base = aKeyringEntry()
  const headers = { 'x-source': 'gemini' }
  const body = '{"text": "%s: %s".format([event.subject, event.type])}'
  const transform = { body, contentType: 'application/json', method: 'POST', headers } as const
  const destination = { type: 'http', url: chat.url, reach: 'cluster' } as const
  const entry = { ...base, sinks: [aSink({ name: 'worker', destination, transform, signingSecret })] }
  const key = { namespace: operatorNamespace, name: keyringSecretNameFor(base.uid) }
  const data = { [entry.uid]: Buffer.from(JSON.stringify(entry)).toString('base64') }
  await world.client.create<Secret>(secretKind, { apiVersion: 'v1', kind: 'Secret', metadata: key, data })
  const receiver = await startReceiverRole(t, world, ['--allow-loopback-sinks'])
  const { secret = '' } = base.secrets[0] ?? {}
  await eventually('the delivery is taken', async () => {
    const delivery = signedDelivery({ secret, atMs: Date.now(), id: 'msg_1' })
    const url = `http://127.0.0.1:${receiver.port}/v1/s/ml/batch-events`
    const answer = await fetch(url, { method: 'POST', headers: delivery.headers, body: delivery.body })
    return answer.status === 204
  })
  await eventually('the chat got it', () => chat.messages.length > 0)
  assert.deepEqual(chat.messages, ['batches/1: batch.succeeded'])
})
