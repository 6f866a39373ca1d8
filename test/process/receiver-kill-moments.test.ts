import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { eventually } from '../support/measures/eventually.ts'
import { withoutNatsServer } from '../support/processes/nats-server.ts'
import { receiverFiles } from '../support/processes/receiver-process.ts'
import { id, inFile, inStream, receiversOf, type MakePlace } from './doomed-receiver.ts'
import { startRecordingSink } from './recording-sink.ts'

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

async function play(t: TestContext, { program, takenBefore }: Moment, makePlace: MakePlace): Promise<void> {
  const sink = await startRecordingSink(0, () => 1)
  t.after(() => sink.close())
  const files = await receiverFiles(t, sink.url)
  const { flags, expectAllEnded } = await makePlace(t, files)
  const receivers = receiversOf(t, { files, flags, logName: 'receiver-kill-moments' })

  await receivers.killOne(program)
  assert.deepEqual([...sink.received], takenBefore > 0 ? [id] : [])

  const { successor } = await receivers.startNext()
  await eventually('the sink has it', () => sink.received.has(id) && sink.repeats === takenBefore)
  assert.equal(await successor.terminate(), 0, successor.describe())
  assert.equal(sink.repeats, takenBefore)
  assert.deepEqual(sink.misnamed, [])
  await expectAllEnded?.(1)
}
