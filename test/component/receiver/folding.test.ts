import assert from 'node:assert/strict'
import { test } from 'node:test'

import { backfillEventId, foldKey } from '../../../src/gemini/batch-job.ts'
import type { AppendResult } from '../../../src/inbox/port.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import { aKeyringEntry, aReceiver, directoryOf, signedHeaders } from '../../support/worlds/receiver-fixture.ts'

const foldJobsForSeconds = 266_400

interface Sent {
  id?: string
  type?: string
  dataId?: string
  answer?: AppendResult
  body?: string
}

function aScene(changes: Parameters<typeof aKeyringEntry>[0] = { foldJobsForSeconds }) {
  const clock = new FakeClock()
  const entry = aKeyringEntry(changes)
  const inbox = new InboxDouble()
  const directory = directoryOf(entry)
  const { receiver, activity } = aReceiver({ directory, inbox, clock })
  const send = async ({ id = 'msg_1', type = 'batch.succeeded', dataId = 'batches/1', answer, ...more }: Sent = {}) => {
    inbox.willAnswer(answer ?? 'stored')
    const body = more.body ?? JSON.stringify({ type, version: 'v1', data: { id: dataId } })
    const timestampSeconds = Math.floor(clock.now() / 1000)
    const headers = signedHeaders({ id, timestampSeconds, body, secrets: entry.secrets })
    return receiver.inject({ method: 'POST', url: '/v1/s/ml/batch-events', headers, payload: body })
  }
  return { receiver, directory, activity, inbox, send }
}

test('the end of a batch is recognised by its job, whoever sends it and however its id is written', async () => {
  const { inbox, send } = aScene()
  await send()
  await send({ id: backfillEventId('1', 'batch.succeeded'), dataId: '1' })
  const expected = { key: foldKey('batch.succeeded', '1'), rememberMs: foldJobsForSeconds * 1_000 }
  assert.deepEqual(
    inbox.appended.map(({ dedupe }) => dedupe),
    [expected, expected],
  )
})

test('nothing else is: other types, no job, what cannot be read, and all of an object that does not fold', async () => {
  const { inbox, send } = aScene()
  for (const type of ['interaction.requires_action', 'interaction.completed', 'video.generated', 'batch.begun']) {
    await send({ type })
  }
  await send({ dataId: '' })
  await send({ body: 'not json' })
  await send({ body: '{"type":"batch.succeeded"}' })
  const without = aScene({})
  await without.send()
  await without.send({ id: backfillEventId('1', 'batch.succeeded') })
  assert.equal(inbox.appended.length, 7)
  for (const event of [...inbox.appended, ...without.inbox.appended]) assert.ok(!('dedupe' in event))
})

for (const answer of ['stored', 'duplicate'] as const) {
  test(`the backfill is told ${answer}, and Google is told nothing`, async () => {
    const { send } = aScene()
    const told = await send({ id: backfillEventId('batches/1', 'batch.succeeded'), answer })
    assert.deepEqual([told.statusCode, told.headers['gwh-outcome']], [204, answer])
    const google = await send({ answer })
    assert.deepEqual([google.statusCode, google.headers['gwh-outcome']], [204, undefined])
  })
}

test('the backfill shows nothing of the way from Google: it answers no endpoint check, and counts as no delivery of it', async () => {
  const { directory, activity, send } = aScene()
  const checked = {
    uid: 'uid-1',
    namespace: 'ml',
    name: 'batch-events',
    areKeysChanging: false,
    checkAttemptId: 'check-1',
  }
  directory.applyFacts(checked)
  await send({ id: backfillEventId('batches/1', 'batch.succeeded') })
  const shown = () => new Map(activity.entries()).get('uid-1')
  assert.deepEqual([shown()?.check, shown()?.lastVerifiedMs], [undefined, undefined])
  await send()
  assert.equal(shown()?.check?.attemptID, 'check-1')
  assert.ok(shown()?.lastVerifiedMs !== undefined)
})

test('who cannot sign is told nothing, nor is the backfill of what is not kept', async () => {
  const { receiver, inbox, send } = aScene()
  const id = backfillEventId('batches/1', 'batch.succeeded')
  const full = await send({ id, answer: 'inboxFull' })
  assert.deepEqual([full.statusCode, full.headers['gwh-outcome']], [503, undefined])
  const body = '{}'
  const { secrets } = aKeyringEntry()
  const headers = signedHeaders({ id, timestampSeconds: Math.floor(new FakeClock().now() / 1000), body, secrets })
  const forged = await receiver.inject({ method: 'POST', url: '/v1/s/ml/batch-events', headers, payload: body })
  assert.deepEqual([forged.statusCode, forged.headers['gwh-outcome']], [401, undefined])
  assert.equal(inbox.appended.length, 1)
})
