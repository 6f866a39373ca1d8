import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rename, rm, symlink, writeFile, mkdir } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'

import { createMetrics } from '../../../src/observability/metrics.ts'
import type { ReceiverLimits } from '../../../src/receiver/limits.ts'
import { ServingCertificate } from '../../../src/receiver/serving-certificate.ts'
import { systemClock } from '../../../src/clock.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import { aKeyringEntry, aReceiver, directoryOf, signedHeaders } from '../../support/worlds/receiver-fixture.ts'
import { recordedLogger } from '../../support/doubles/recorded-logger.ts'

const body = '{"type":"batch.succeeded","data":{"id":"batches/1"}}'
const pem = (name: string) => readFileSync(`test/fixtures/tls/${name}.pem`, 'utf8')
const authorities = pem('authority-1.cert') + pem('authority-2.cert')

/** A mounted Secret, changed as the kubelet changes it: a new dated folder, and one link that moves. */
async function aMountedSecret(t: TestContext, files: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-tls-'))
  t.after(() => rm(folder, { recursive: true }))
  let version = 0
  const put = async (data: Record<string, string>) => {
    const dated = `..v${++version}`
    await mkdir(join(folder, dated))
    for (const [name, text] of Object.entries(data)) await writeFile(join(folder, dated, name), text)
    await symlink(dated, join(folder, '..next'))
    await rename(join(folder, '..next'), join(folder, '..data'))
  }
  await put(files)
  for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(folder, name))
  return { put, certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
}

const server = (n: 1 | 2) => ({ 'tls.crt': pem(`server-${n}.cert`), 'tls.key': pem(`server-${n}.key`) })

async function aTlsReceiver(t: TestContext, limits: Partial<ReceiverLimits> = {}) {
  const secret = await aMountedSecret(t, server(1))
  const clock = new FakeClock()
  const metrics = createMetrics()
  const tls = await ServingCertificate.load({ ...secret, clock, logger: recordedLogger('tls'), metrics })
  t.after(() => tls.stop())
  const entry = aKeyringEntry()
  const inbox = new InboxDouble()
  // The clock of requests is the real one, that of the certificate is the test's: sockets do not wait for tests.
  const fixture = aReceiver({
    directory: directoryOf(entry),
    inbox,
    clock: systemClock,
    tls,
    limits: { headersTimeoutMs: 300, ...limits },
  })
  const { port } = await fixture.receiver.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => fixture.receiver.close())
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authorities })
  t.after(() => agent.destroy())
  /** Posts a genuine delivery; says how it was answered, by whose certificate, and over which connection. */
  const deliver = (id: string, over: Agent | false = agent) =>
    new Promise<{ status: number | undefined; by: string; localPort: number | undefined }>((resolve, reject) => {
      inbox.willAnswer('stored')
      const timestampSeconds = Math.floor(systemClock.now() / 1000)
      const headers = signedHeaders({ id, timestampSeconds, body, secrets: entry.secrets })
      const options = { agent: over, ca: authorities, port, host: '127.0.0.1', path: '/v1/s/ml/batch-events' }
      const sending = request({ ...options, method: 'POST', headers }, (response) => {
        const socket = response.socket as TLSSocket
        const { subject } = socket.getPeerCertificate()
        response.resume()
        response.on('end', () =>
          resolve({ status: response.statusCode, by: String(subject.CN), localPort: socket.localPort }),
        )
      })
      sending.on('error', reject)
      sending.end(body)
    })
  const metric = async (name: string, registry = fixture.metrics) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec((await registry.expose()).text)?.[1])
  return { ...fixture, secret, clock, tls, port, deliver, metric, tlsMetrics: metrics }
}

test('a new certificate is served to new connections without a restart, and an open one delivers on', async (t) => {
  const { deliver, secret, clock, metric, tlsMetrics } = await aTlsReceiver(t)
  const first = await deliver('msg_1')
  assert.deepEqual([first.status, first.by], [204, 'server-1'])
  await secret.put(server(2))
  await clock.advance({ seconds: 10 })
  await eventually('the new certificate', async () => (await deliver('msg_2', false)).by === 'server-2', {
    intervalMs: 5,
  })
  const again = await deliver('msg_3')
  assert.deepEqual(again, first, 'the same connection, which began with the old certificate')
  const expiry = await metric('gwh_receiver_certificate_expiry_timestamp_seconds', tlsMetrics)
  assert.equal(expiry, Date.parse('2120-01-01T00:00:00Z') / 1000)
})

test('half a change, a wrong key and a file that is gone change nothing, and what follows is taken', async (t) => {
  const { deliver, secret, clock } = await aTlsReceiver(t)
  for (const files of [
    { 'tls.crt': pem('server-2.cert'), 'tls.key': pem('server-1.key') },
    { 'tls.crt': pem('server-2.cert').slice(0, 200), 'tls.key': pem('server-2.key') },
    { 'tls.crt': pem('server-2.cert') },
  ]) {
    await secret.put(files)
    await clock.advance({ seconds: 30 })
    assert.equal((await deliver('msg_1', false)).by, 'server-1')
  }
  await secret.put(server(2))
  await eventually(
    'the new certificate',
    async () => {
      await clock.advance({ seconds: 10 })
      return (await deliver('msg_2', false)).by === 'server-2'
    },
    { intervalMs: 5 },
  )
})

test('what is no TLS gets no answer and is counted, and so is a handshake that is never finished', async (t) => {
  const { port, metric, deliver } = await aTlsReceiver(t)
  const plain = connectPlain(port, '127.0.0.1')
  plain.end('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
  let received = ''
  plain.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
  plain.on('error', () => {})
  await once(plain, 'close')
  assert.doesNotMatch(received, /HTTP/)
  const silent = connectPlain(port, '127.0.0.1')
  await once(silent, 'close')
  await eventually('both are counted', async () => (await metric('gwh_receiver_tls_failures_total')) === 2, {
    intervalMs: 5,
  })
  assert.equal((await deliver('msg_1')).status, 204)
})

test('handshakes that never end give way, and a connection that has delivered stays', async (t) => {
  const { port, deliver, metrics } = await aTlsReceiver(t, {
    maxConnections: 2,
    headersTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
  })
  const first = await deliver('msg_1')
  const silent = [connectPlain(port, '127.0.0.1'), connectPlain(port, '127.0.0.1'), connectPlain(port, '127.0.0.1')]
  for (const socket of silent) socket.on('error', () => {})
  await Promise.all(silent.slice(0, 2).map((socket) => once(socket, 'close')))
  const { text } = await metrics.expose()
  assert.match(text, /gwh_receiver_closed_connections_total\{reason="GaveWay"\} 2\n/)
  assert.match(text, /gwh_receiver_connections\{standing="proven"\} 1\n/)
  assert.deepEqual(await deliver('msg_2'), first, 'the same connection')
  for (const socket of silent) socket.destroy() // the server would wait for them
})

test('TLS 1.1 and HTTP/2 are not spoken', async (t) => {
  const { port } = await aTlsReceiver(t)
  const old = connect({ port, host: '127.0.0.1', ca: authorities, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })
  const [error] = (await once(old, 'error')) as [NodeJS.ErrnoException]
  assert.match(error.code ?? '', /SSL|TLS|ECONNRESET/)
  const both = connect({ port, host: '127.0.0.1', ca: authorities, ALPNProtocols: ['h2', 'http/1.1'] })
  await once(both, 'secureConnect')
  assert.equal(both.alpnProtocol, 'http/1.1')
  both.destroy()
})

const unusable: { name: string; files: Record<string, string>; message: RegExp }[] = [
  {
    name: 'no certificate',
    files: { ...server(1), 'tls.crt': 'x' },
    message: /tlsCert: .*tls\.crt is not a certificate/,
  },
  { name: 'no key', files: { ...server(1), 'tls.key': 'x' }, message: /tlsKey: .*tls\.key is not an unencrypted/ },
  { name: 'another key', files: { ...server(1), 'tls.key': pem('server-2.key') }, message: /is not the key of/ },
  { name: 'a missing file', files: { 'tls.crt': pem('server-1.cert') }, message: /ENOENT.*tls\.key/ },
]
for (const { name, files, message } of unusable) {
  test(`a receiver does not start with ${name}, and says which file`, async (t) => {
    const secret = await aMountedSecret(t, files)
    const options = { ...secret, clock: new FakeClock(), logger: recordedLogger('tls'), metrics: createMetrics() }
    await assert.rejects(ServingCertificate.load(options), message)
  })
}
