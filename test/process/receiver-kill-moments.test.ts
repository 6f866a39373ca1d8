import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'

import { systemClock } from '../../src/clock.ts'
import { openSqliteInbox } from '../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { signedDelivery } from '../support/builders/signed-delivery.ts'
import { eventually } from '../support/measures/eventually.ts'
import { NatsServer, withoutNatsServer } from '../support/processes/nats-server.ts'
import { receiverFiles, startReceiverProcess, type ReceiverFiles } from '../support/processes/receiver-process.ts'
import { startRecordingSink } from './recording-sink.ts'

const id = 'msg_of_the_moment'

interface Place {
  flags: readonly string[]
  /** Fails when anything but the memory of the id is left; absent where the inbox cannot be looked into afterwards. */
  expectAllEnded?: () => Promise<void>
}

interface Moment {
  title: string
  program: string
  /** How often the sink has taken the delivery by then. */
  takenBefore: number
}

const moments: Moment[] = [
  { title: 'between the append and the first attempt', program: 'killed-after-append.ts', takenBefore: 0 },
  { title: 'between the answer of the sink and its record', program: 'killed-before-record.ts', takenBefore: 1 },
]

for (const moment of moments) {
  const again = moment.takenBefore > 0 ? 'reaches the sink once more' : 'reaches the sink once'
  test(`a delivery whose receiver is killed ${moment.title} ${again}, under its own id`, async (t) => {
    await play(t, moment, inFile)
  })

  const title = `the same, ${moment.title}, with JetStream`
  test(title, { skip: withoutNatsServer }, async (t) => {
    await play(t, moment, inStream)
  })
}

async function play(
  t: TestContext,
  { program, takenBefore }: Moment,
  makePlace: (t: TestContext, files: ReceiverFiles) => Promise<Place>,
): Promise<void> {
  const sink = await startRecordingSink(0, () => 1)
  t.after(() => sink.close())
  const files = await receiverFiles(t, sink.url)
  const { flags, expectAllEnded } = await makePlace(t, files)
  const start = (path?: string) => {
    const receiver = startReceiverProcess({
      files,
      podName: 'receiver-0',
      flags,
      ...(path !== undefined && { program: path }),
      logName: 'receiver-kill-moments',
    })
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
  assert.deepEqual([...sink.received], takenBefore > 0 ? [id] : [])

  const successor = start()
  const { port: nextPort } = await successor.logged('receiver.started')
  assert.equal(await send(nextPort), 204, 'a duplicate: it was stored')
  await eventually('the sink has it', () => sink.received.has(id) && sink.repeats === takenBefore)
  assert.equal(await successor.terminate(), 0, successor.describe())
  assert.equal(sink.repeats, takenBefore)
  assert.deepEqual(sink.misnamed, [])
  await expectAllEnded?.()
}

async function inFile(t: TestContext, files: ReceiverFiles): Promise<Place> {
  const folder = join(files.folder, 'data')
  const expectAllEnded = async () => {
    const path = join(folder, 'inbox.sqlite')
    const inbox = await openSqliteInbox({ path, clock: systemClock, logger: silentLogger, metrics: createMetrics() })
    t.after(() => inbox.close())
    const { events, pending, deadLetters, rememberedIds } = await inbox.stats()
    assert.deepEqual([events, pending, deadLetters, rememberedIds], [0, 0, 0, 1])
  }
  return Promise.resolve({ flags: [`--data-dir=${folder}`], expectAllEnded })
}

async function inStream(t: TestContext): Promise<Place> {
  const server = await NatsServer.start()
  t.after(() => server.dispose())
  const flags = ['--inbox=jetstream', `--nats-url=${server.url}`, '--nats-replicas=1', '--inbox-max=128MiB']
  return { flags }
}
