import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { keyringEntrySchema } from '../../src/contract/keyring/entry.ts'
import { mulberry32 } from '../support/builders/seeded-random.ts'
import { eventually } from '../support/measures/eventually.ts'
import { readTopics } from '../support/measures/kafka-reader.ts'
import { pause } from '../support/measures/pause.ts'
import { bundledProgram } from '../support/processes/bundled-program.ts'
import { KafkaServer, withoutKafka } from '../support/processes/kafka-server.ts'
import { receiverFiles, startReceiverProcess } from '../support/processes/receiver-process.ts'
import { SignedLoad } from './signed-load.ts'

const events = Number(process.env['EVENTS'] ?? 2_000)
const kills = Number(process.env['SERVER_KILLS'] ?? 1)
const seed = Number(process.env['GWH_KILL_SEED'] ?? Date.now() % 1_000_000)
/** How long the broker is away, at most. */
const absentMs = 500
const topic = 'gwh.events.ml.batches'

describe('every delivery answered 204 reaches its Kafka topic under its own id', { skip: withoutKafka }, () => {
  const program = bundledProgram()

  test(`kill -9 of the broker, ${kills} times in the middle of ${events} events`, { timeout: 400_000 }, async (t) => {
    t.diagnostic(`GWH_KILL_SEED=${seed}`)
    const random = mulberry32(seed)
    const server = await KafkaServer.start()
    t.after(() => server.dispose())
    const files = await receiverFiles(t, 'http://127.0.0.1:1/')
    await sendToKafka(files.folder)
    const flags = [`--kafka-sink-broker=${server.open}`, `--data-dir=${join(files.folder, 'inbox')}`]
    const options = { files, podName: 'receiver-0', flags, program, logName: 'broker-kill-kafka' }
    const receiver = startReceiverProcess(options)
    t.after(() => receiver.kill())
    const { port } = await receiver.logged('receiver.started')
    const load = new SignedLoad(files)
    t.after(() => load.abort())
    load.add(Number(port))
    const acknowledged = (count: number) =>
      eventually('deliveries are acknowledged', () => load.acknowledged.size >= count, { intervalMs: 2 })
    // Not what comes while a slow machine starts the broker again: that may be many times as much.
    const ended = acknowledged(events).then(() => load.stop())

    for (let kill = 1; kill <= kills; kill += 1) {
      await acknowledged((kill * events) / (kills + 1))
      await server.kill()
      await pause(random() * absentMs)
      await server.start()
    }
    await ended

    const read = await readTopics(server.open, [topic], t)
    const ids = () => new Set(read.map(({ headers }) => headers['ce_id'] ?? ''))
    const missing = () => [...load.acknowledged].filter((id) => !ids().has(id))
    await eventually('the topic has everything that was acknowledged', () => missing().length === 0, {
      timeoutMs: 90_000,
      intervalMs: 500,
    }).catch((error: unknown) => t.diagnostic(String(error))) // what is missing is said below
    const lost = missing()
    t.diagnostic(
      `${load.acknowledged.size} acknowledged; ${read.length} records of ${ids().size} ids in the topic; ${lost.length} lost`,
    )
    assert.equal(await receiver.terminate(), 0, receiver.describe())
    assert.ok(load.acknowledged.size >= events)
    assert.deepEqual(lost, [], 'lost')
    assert.deepEqual(
      [...ids()].filter((id) => !load.acknowledged.has(id)),
      [],
      'a repeat carries the id of the first',
    )
  })
})

/** Gives the one sink of the keyring another destination. */
async function sendToKafka(folder: string): Promise<void> {
  for (const path of globSync(join(folder, 'keyring', '*', '*'))) {
    const entry = keyringEntrySchema.parse(JSON.parse(await readFile(path, 'utf8')))
    const sinks = entry.sinks.map((sink) => ({ ...sink, destination: { type: 'kafka', topic } }))
    await writeFile(path, JSON.stringify({ ...entry, sinks }))
  }
}
