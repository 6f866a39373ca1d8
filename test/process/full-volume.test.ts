import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { Pool } from 'undici'

import { anAwayWorker } from '../support/doubles/away-worker.ts'
import { eventually } from '../support/measures/eventually.ts'
import { receiverFiles, startReceiverProcess } from '../support/processes/receiver-process.ts'
import { signedDelivery } from '../support/builders/signed-delivery.ts'
import { aSmallVolume } from '../support/processes/small-volume.ts'

const volumeBytes = 8 * 1024 * 1024
/** Near the largest that Google sends. */
const paddingCharacters = 12_000

async function aReceiver(t: TestContext, dataDir: string, sinkUrl: string) {
  const files = await receiverFiles(t, sinkUrl)
  const receiver = startReceiverProcess({
    files,
    podName: 'receiver-0',
    flags: [`--data-dir=${dataDir}`, '--inbox-owner-share-percent=100'],
    logName: 'receiver-full-volume',
  })
  t.after(() => receiver.kill())
  const { port } = await receiver.logged('receiver.started')
  const pool = new Pool(`http://127.0.0.1:${String(port)}`, { connections: 8 })
  t.after(() => pool.destroy())
  const acknowledged = new Set<string>()
  /** The status of the answer; an acknowledged id is remembered. */
  const post = async (id: string) => {
    const dataId = `batches/${'x'.repeat(paddingCharacters)}`
    const { headers, body } = signedDelivery({ id, secret: files.secret, atMs: Date.now(), dataId })
    const answer = await pool.request({ method: 'POST', path: files.path, headers, body })
    await answer.body.dump()
    if (answer.statusCode === 204) acknowledged.add(id)
    else assert.ok(Number(answer.headers['retry-after']) > 0, `${answer.statusCode} says when to come back`)
    return answer.statusCode
  }
  return { receiver, acknowledged, post }
}

test(
  'a volume of 8 MB filled to the last byte: 503, nothing acknowledged lost, deliveries go on, and recovery without a restart',
  { timeout: 180_000 },
  async (t) => {
    const volume = await aSmallVolume(t, volumeBytes)
    if (volume === undefined) return t.skip('mounting a file system needs root')
    const worker = await anAwayWorker(t)
    const { receiver, acknowledged, post } = await aReceiver(t, volume.folder, worker.url)
    let next = 0
    const send = () => post(`msg_${next++}`)

    for (let n = 0; n < 100; n++) assert.equal(await send(), 204)
    volume.fill()
    assert.equal(volume.availableBytes, 0)
    const whileFull = await Promise.all(Array.from({ length: 64 }, send))
    assert.ok(whileFull.includes(503))
    worker.comeBack()
    const hasAll = () => [...acknowledged].every((id) => worker.received.has(id))
    await eventually('what was acknowledged is delivered from the full volume', hasAll)
    assert.equal(await send(), 503, 'and nothing new is taken')
    // Whatever the inbox gave up to go on working, somebody else takes at once.
    for (let round = 0; round < 3; round++) {
      volume.fill()
      assert.equal(volume.availableBytes, 0)
      const answers = await Promise.all(Array.from({ length: 16 }, send))
      assert.deepEqual([...new Set(answers)], [503])
    }
    assert.ok(receiver.running, receiver.describe())
    const before = acknowledged.size

    volume.free()
    await eventually('new deliveries are taken again', async () => (await send()) === 204)
    assert.ok(acknowledged.size > before)
    await eventually('the worker has the newest, too', hasAll)
    t.diagnostic(`${before} acknowledged before the volume was free again, ${acknowledged.size} in all, ${next} sent`)
    assert.deepEqual(
      [...worker.received.keys()].filter((id) => !acknowledged.has(id)),
      [],
      'what was refused was not kept',
    )
    assert.equal(await receiver.terminate(), 0, receiver.describe())
  },
)

test(
  'an inbox that has reached its share of an 8 MB volume answers 503, knows its ids, delivers, and takes new ones as room comes back',
  { timeout: 180_000 },
  async (t) => {
    const volume = await aSmallVolume(t, volumeBytes)
    if (volume === undefined) return t.skip('mounting a file system needs root')
    const worker = await anAwayWorker(t)
    const { receiver, acknowledged, post } = await aReceiver(t, volume.folder, worker.url)
    let sent = 0
    while ((await post(`msg_${sent++}`)) === 204) assert.ok(sent < 1_000, 'it becomes full')
    const kept = acknowledged.size
    // Of four fifths of the volume, less the ballast, what one object may have that is alone: 64 in a hundred.
    assert.ok(kept * paddingCharacters > 0.45 * volumeBytes, `${kept} deliveries fitted`)
    assert.ok(volume.availableBytes > 0, 'a fifth stays free for what deliveries need')
    assert.equal(await post('msg_0'), 204, 'a duplicate is acknowledged, even when full')
    assert.equal(await post(`msg_${sent}`), 503)

    worker.comeBack()
    await eventually('room comes back with what was delivered', async () => (await post(`msg_${sent++}`)) === 204)
    await eventually('the worker has all', () => [...acknowledged].every((id) => worker.received.has(id)))
    t.diagnostic(`${kept} deliveries of ${paddingCharacters} characters fitted into ${volumeBytes} bytes`)
    assert.equal(await receiver.terminate(), 0, receiver.describe())
  },
)
