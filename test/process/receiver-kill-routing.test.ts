import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'

import { systemClock } from '../../src/clock.ts'
import { keyIdOf } from '../../src/contract/keyring/shard.ts'
import { openSqliteInbox } from '../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { aRouteEntry } from '../support/builders/a-route-entry.ts'
import { aKeyringEntry, writeKeyringFolder } from '../support/builders/keyring-folder.ts'
import { signedDelivery } from '../support/builders/signed-delivery.ts'
import { eventually } from '../support/measures/eventually.ts'
import { recordSecret } from '../support/measures/run-record.ts'
import { NatsServer, withoutNatsServer } from '../support/processes/nats-server.ts'
import { startReceiverProcess, type ReceiverFiles } from '../support/processes/receiver-process.ts'
import { startOperatorWorld } from '../support/worlds/operator-world.ts'
import { ServedKeyring } from '../support/worlds/served-keyring.ts'
import { startRecordingSink, type RecordingSink } from './recording-sink.ts'

const id = 'msg_of_the_moment'
/** The step waits until the keyring was read from the API server, and is looked at every five seconds. */
const settling = { timeoutMs: 60_000 }
const webhook = { uid: 'uid-1', namespace: 'ml', name: 'batch-events' }

interface Moment {
  title: string
  program: string
  /** Whether a sink of a route may have taken its copy by then, and takes it again. */
  mayRepeat: boolean
}

const moments: Moment[] = [
  { title: 'before any copy is stored', program: 'killed-before-copies.ts', mayRepeat: false },
  { title: 'between two copies', program: 'killed-between-copies.ts', mayRepeat: false },
  { title: 'after all copies, before its record', program: 'killed-after-copies.ts', mayRepeat: true },
]

for (const moment of moments) {
  test(`a receiver that is killed in the routing step, ${moment.title}, leaves no route without its event`, (t) =>
    play(t, moment, inFile))
  test(`the same, ${moment.title}, with JetStream`, { skip: withoutNatsServer }, (t) => play(t, moment, inStream))
}

interface Place {
  flags: readonly string[]
  /** Fails when anything but the memory of ids is left; absent where the inbox cannot be looked into afterwards. */
  expectAllEnded?: () => Promise<void>
}

async function play(
  t: TestContext,
  { program, mayRepeat }: Moment,
  makePlace: (t: TestContext, files: ReceiverFiles) => Promise<Place>,
): Promise<void> {
  const own = await aSink(t)
  const [first, second] = [await aSink(t), await aSink(t)]
  const files = await filesOf(t, own, [first, second])
  const { flags, expectAllEnded } = await makePlace(t, files)
  const start = (path?: string) => {
    const options = { files, podName: 'receiver-0', flags, logName: 'receiver-kill-routing' }
    const receiver = startReceiverProcess({ ...options, ...(path !== undefined && { program: path }) })
    t.after(() => receiver.kill())
    return receiver
  }
  const send = async (port: unknown) => {
    const { headers, body } = signedDelivery({ id, secret: files.secret, dataId: id, atMs: Date.now() })
    const answer = await request(`http://127.0.0.1:${Number(port)}${files.path}`, { method: 'POST', headers, body })
    await answer.body.dump()
    return answer.statusCode
  }

  const doomed = start(fileURLToPath(new URL(program, import.meta.url)))
  const { port } = await doomed.logged('receiver.started')
  await send(port).catch(() => {}) // killed before its answer, or after it
  assert.equal(await doomed.exited(), 'SIGKILL', doomed.describe())
  if (!mayRepeat) for (const { received } of [first, second]) assert.equal(received.size, 0)

  const successor = start()
  const { port: nextPort, adminPort } = await successor.logged('receiver.started')
  assert.equal(await send(nextPort), 204, 'a duplicate: it was stored')
  for (const sink of [own, first, second]) await eventually('each has it', () => sink.received.has(id), settling)
  await eventually('the routing step has ended, too', async () => (await pendingAt(adminPort)) === 0, settling)
  assert.equal(await successor.terminate(), 0, successor.describe())
  for (const sink of [first, second]) {
    assert.ok(sink.repeats <= (mayRepeat ? 1 : 0), `${sink.repeats} repeats`)
    assert.deepEqual(sink.misnamed, [])
  }
  await expectAllEnded?.()
}

async function pendingAt(adminPort: unknown): Promise<number> {
  const url = `http://127.0.0.1:${Number(adminPort)}/v1/stats`
  const answer = await request(url, { headers: { 'x-gwh-admin': '1' } })
  return ((await answer.body.json()) as { pending: number }).pending
}

async function aSink(t: TestContext): Promise<RecordingSink> {
  const sink = await startRecordingSink(0, () => 1)
  t.after(() => sink.close())
  return sink
}

/**
 * One webhook with a route for each sink: mounted, so that it is served from the beginning, and in a Kubernetes API,
 * because nothing is routed from mounts alone.
 */
async function filesOf(t: TestContext, own: RecordingSink, ofRoutes: readonly RecordingSink[]): Promise<ReceiverFiles> {
  const world = await startOperatorWorld()
  t.after(() => world.close())
  const folder = await mkdtemp(join(tmpdir(), 'gwh-receiver-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await copyFile(await world.kubeconfigFor(world.kubernetesUrl), join(folder, 'kubeconfig'))
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  recordSecret(secret)
  const secrets = [{ keyId: keyIdOf(secret), secret }]
  const routes = ofRoutes.map(({ url }, at) => {
    const { sinks } = aKeyringEntry({ ...webhook, secrets, sinkUrl: url })
    return aRouteEntry({ uid: `uid-of-route-${at}`, name: `route-${at}`, sinks })
  })
  const entries = [aKeyringEntry({ ...webhook, secrets, sinkUrl: own.url }), ...routes]
  await writeKeyringFolder(join(folder, 'keyring'), entries)
  await new ServedKeyring(world).put(...entries)
  return { folder, secret, path: '/v1/s/ml/batch-events' }
}

async function inFile(t: TestContext, files: ReceiverFiles): Promise<Place> {
  const folder = join(files.folder, 'data')
  const expectAllEnded = async () => {
    const path = join(folder, 'inbox.sqlite')
    const inbox = await openSqliteInbox({ path, clock: systemClock, logger: silentLogger, metrics: createMetrics() })
    t.after(() => inbox.close())
    const { events, pending, deadLetters, rememberedIds } = await inbox.stats()
    assert.deepEqual([events, pending, deadLetters, rememberedIds], [0, 0, 0, 3])
  }
  return Promise.resolve({ flags: [`--data-dir=${folder}`], expectAllEnded })
}

async function inStream(t: TestContext): Promise<Place> {
  const server = await NatsServer.start()
  t.after(() => server.dispose())
  const flags = ['--inbox=jetstream', `--nats-url=${server.url}`, '--nats-replicas=1', '--inbox-max=128MiB']
  return { flags }
}
