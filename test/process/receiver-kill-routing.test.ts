import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { request } from 'undici'

import { keyIdOf } from '../../src/contract/keyring/shard.ts'
import { aRouteEntry } from '../support/builders/a-route-entry.ts'
import { aKeyringEntry, writeKeyringFolder } from '../support/builders/keyring-folder.ts'
import { eventually } from '../support/measures/eventually.ts'
import { recordSecret } from '../support/measures/run-record.ts'
import { withoutNatsServer } from '../support/processes/nats-server.ts'
import type { ReceiverFiles } from '../support/processes/receiver-process.ts'
import { startOperatorWorld } from '../support/worlds/operator-world.ts'
import { ServedKeyring } from '../support/worlds/served-keyring.ts'
import { id, inFile, inStream, receiversOf, type MakePlace } from './doomed-receiver.ts'
import { startRecordingSink, type RecordingSink } from './recording-sink.ts'

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

async function play(t: TestContext, { program, mayRepeat }: Moment, makePlace: MakePlace): Promise<void> {
  const own = await aSink(t)
  const [first, second] = [await aSink(t), await aSink(t)]
  const files = await filesOf(t, own, [first, second])
  const { flags, expectAllEnded } = await makePlace(t, files)
  const receivers = receiversOf(t, { files, flags, logName: 'receiver-kill-routing' })

  await receivers.killOne(program)
  if (!mayRepeat) for (const { received } of [first, second]) assert.equal(received.size, 0)

  const { successor, adminPort } = await receivers.startNext()
  for (const sink of [own, first, second]) await eventually('each has it', () => sink.received.has(id), settling)
  await eventually('the routing step has ended, too', async () => (await pendingAt(adminPort)) === 0, settling)
  assert.equal(await successor.terminate(), 0, successor.describe())
  for (const sink of [first, second]) {
    assert.ok(sink.repeats <= (mayRepeat ? 1 : 0), `${sink.repeats} repeats`)
    assert.deepEqual(sink.misnamed, [])
  }
  await expectAllEnded?.(3)
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
