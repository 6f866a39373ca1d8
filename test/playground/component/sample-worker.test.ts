import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { startSampleWorker } from '../../../playground/sample-worker.ts'

async function startWorker(t: TestContext) {
  const seen: string[] = []
  const worker = await startSampleWorker({ host: '127.0.0.1', port: 0, onEvent: ({ id }) => seen.push(id) })
  t.after(() => worker.close())
  const post = async (headers: Record<string, string>, body: string) =>
    (await fetch(`http://127.0.0.1:${worker.port}/events`, { method: 'POST', headers, body })).status
  return { worker, seen, post }
}

const binary = {
  'ce-specversion': '1.0',
  'ce-id': 'msg_1',
  'ce-type': 'com.google.gemini.batch.succeeded',
  'ce-source': '/apis/x',
  'ce-subject': 'batches/%C3%BC',
  'ce-deliveryattempt': '2',
  'content-type': 'application/json',
}

test('a binary CloudEvent is accepted, attributes decoded, data parsed', async (t) => {
  const { worker, seen, post } = await startWorker(t)
  assert.equal(await post(binary, '{"a":1}'), 204)
  assert.deepEqual(worker.events, [
    {
      id: 'msg_1',
      type: 'com.google.gemini.batch.succeeded',
      source: '/apis/x',
      subject: 'batches/ü',
      extensions: { deliveryattempt: '2' },
      data: { a: 1 },
      repeated: false,
    },
  ])
  assert.deepEqual(seen, ['msg_1'])
})

test('a structured CloudEvent is the same event', async (t) => {
  const { worker, post } = await startWorker(t)
  const event = { specversion: '1.0', id: 'msg_2', type: 't', source: '/s', replayed: true, data_base64: 'aGk=' }
  assert.equal(
    await post({ 'content-type': 'application/cloudevents+json; charset=utf-8' }, JSON.stringify(event)),
    204,
  )
  const [received] = worker.events
  assert.deepEqual([received?.id, received?.data, received?.extensions['replayed']], ['msg_2', 'hi', 'true'])
})

test('an event that comes again is accepted and marked', async (t) => {
  const { worker, post } = await startWorker(t)
  await post(binary, '{}')
  assert.equal(await post(binary, '{}'), 204)
  assert.deepEqual(
    worker.events.map((event) => event.repeated),
    [false, true],
  )
})

test('what is not a CloudEvent is refused', async (t) => {
  const { worker, post } = await startWorker(t)
  const { 'ce-id': _, ...withoutId } = binary
  assert.equal(await post(withoutId, '{}'), 400)
  assert.equal(await post({ 'content-type': 'application/cloudevents+json' }, 'null'), 400)
  assert.equal(await post({ 'content-type': 'application/json' }, '{}'), 400)
  assert.equal((await fetch(`http://127.0.0.1:${worker.port}/events`)).status, 405)
  assert.equal(worker.events.length, 0)
})

test('a worker that is told to refuse does so until told otherwise, and keeps nothing', async (t) => {
  const { worker, post } = await startWorker(t)
  worker.refuseWith(503)
  assert.equal(await post(binary, '{}'), 503)
  assert.equal(worker.events.length, 0)
  assert.deepEqual(worker.state(), { refusesWith: 503, accepted: 0 })
  worker.refuseWith(undefined)
  assert.equal(await post(binary, '{}'), 204)
  assert.deepEqual(worker.state(), { refusesWith: undefined, accepted: 1 })
})
