import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'

import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import type { KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { aSink } from '../../support/builders/deliveries.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'
import { operatorNamespace, startOperatorWorld } from '../../support/worlds/operator-world.ts'
import { aKeyringEntry } from '../../support/worlds/receiver-fixture.ts'
import { startReceiverRole } from '../../support/worlds/receiver-role.ts'
import { signedDelivery } from '../../support/builders/signed-delivery.ts'

const pem = (name: string) => readFileSync(`test/fixtures/tls/${name}.pem`, 'utf8')

/** A worker with a certificate of its own authority, which takes only those who show one; keeps who came with what. */
async function aStrictWorker(t: TestContext) {
  const got: { client: string; id: string }[] = []
  const own = { cert: pem('server-1.cert'), key: pem('server-1.key'), ca: pem('authority-1.cert') }
  const https = createServer({ ...own, requestCert: true }, (incoming, response) => {
    const { subject } = (incoming.socket as TLSSocket).getPeerCertificate()
    got.push({ client: String(subject.CN), id: String(incoming.headers['ce-id']) })
    incoming.resume()
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
  t.after(() => https.close().closeAllConnections())
  return { url: `https://127.0.0.1:${(https.address() as AddressInfo).port}/`, got }
}

function entryWith(url: string, client: 1 | 2, base: KeyringEntry): KeyringEntry {
  const ca = pem('authority-1.cert')
  const nats = { type: 'nats', subject: 'gwh.events.ml.{name}.{type}', acknowledgedBy: 'Stream' } as const
  return {
    ...base,
    sinks: [
      aSink({
        name: 'worker',
        destination: { type: 'http', url, reach: 'cluster', ca },
        clientCertificate: { cert: pem(`client-${client}.cert`), key: pem(`client-${client}.key`) },
      }),
      aSink({ name: 'bus', destination: nats }),
    ],
  }
}

function dataOf(entry: KeyringEntry): Record<string, string> {
  return { [entry.uid]: Buffer.from(JSON.stringify(entry)).toString('base64') }
}

void describe('a receiver as it is configured', { skip: withoutNatsServer }, () => {
  it('takes a delivery over TLS and hands it to a worker with certificates and to a stream; a changed keyring is used for the next', async (t) => {
    const world = await startOperatorWorld()
    t.after(() => world.close())
    const nats = await NatsServer.start()
    t.after(() => nats.dispose())
    const connection = await connect({ servers: nats.url })
    t.after(() => connection.close())
    const manager = await jetstreamManager(connection)
    await manager.streams.add({ name: 'EVENTS', subjects: ['gwh.events.>'] })
    const worker = await aStrictWorker(t)

    const base = aKeyringEntry()
    const key = { namespace: operatorNamespace, name: keyringSecretNameFor(base.uid) }
    const data = dataOf(entryWith(worker.url, 1, base))
    await world.client.create<Secret>(secretKind, { apiVersion: 'v1', kind: 'Secret', metadata: key, data })

    const receiver = await startReceiverRole(t, world, [
      '--allow-loopback-sinks',
      '--tls-cert=test/fixtures/tls/server-2.cert.pem',
      '--tls-key=test/fixtures/tls/server-2.key.pem',
      `--nats-sink-url=${nats.url}`,
    ])

    const post = (id: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const { headers, body } = signedDelivery({ secret: base.secrets[0]?.secret ?? '', atMs: Date.now(), id })
        const where = { host: '127.0.0.1', port: receiver.port, path: '/v1/s/ml/batch-events' }
        const options = { ...where, method: 'POST', headers, ca: pem('authority-2.cert'), agent: false } as const
        const sending = request(options, (response) => resolve(response.resume().statusCode))
        sending.on('error', reject).end(body)
      })
    await eventually('the first delivery is taken', async () => (await post('msg_1')) === 204)
    await eventually('the worker got it', () => worker.got.length === 1)
    assert.deepEqual(worker.got, [{ client: 'client-1', id: 'msg_1' }])
    const stored = await eventually('the stream got it', async () =>
      manager.streams.getMessage('EVENTS', { seq: 1 }).catch(() => undefined),
    )
    assert.equal(stored?.subject, 'gwh.events.ml.batch-events.batch_succeeded')
    assert.equal(stored.header.get('ce-id'), 'msg_1')

    const next = { data: dataOf(entryWith(worker.url, 2, base)) }
    await world.client.patch<Secret>(secretKind, key, next, { type: 'merge' })
    let sent = 1
    await eventually('a delivery with the new certificate', async () => {
      assert.equal(await post(`msg_${++sent}`), 204)
      await eventually('it arrives', () => worker.got.length === sent)
      return worker.got.at(-1)?.client === 'client-2'
    })
  })
})
