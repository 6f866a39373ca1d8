import assert from 'node:assert/strict'
import { test } from 'node:test'

import { geminiEventTypes } from '../../../src/contract/consumers/gemini-events.ts'
import { noAliases } from '../../../src/gemini/event-aliases.ts'
import { unknownInEvent } from '../../../src/gemini/unknown-in-event.ts'

const signature = 'v1,AAAA'
const envelope = {
  type: 'batch.succeeded',
  version: 'v1',
  timestamp: '2026-11-21T12:00:00Z',
  data: { id: 'batches/a' },
}
const stored = (body: unknown, header = signature) => ({
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  signature: header,
})
const found = (body: unknown, header?: string, aliases = noAliases) => unknownInEvent(stored(body, header), aliases)

test('what Google documents is known', () => {
  for (const type of [...geminiEventTypes, 'batch.cancelled', 'interaction.cancelled']) {
    assert.deepEqual(found({ ...envelope, type }), [], type)
  }
  const data = {
    id: 'a',
    output_file_uri: 'files/a',
    user_metadata: {},
    file_name: 'a.mp4',
    file_id: 'a',
    video_uri: 'b',
  }
  assert.deepEqual(found({ ...envelope, type: 'video.generated', data, user_metadata: '{}' }), [])
  assert.deepEqual(found({ ...envelope, data: { id: 'a', userMetadata: {} } }, 'v1,AAAA v1,BBBB v1a,CCCC'), [])
  assert.deepEqual(found({ type: 'batch.expired', data: { id: 'a' } }), [])
})

test('what is new is named: a type, a version, a field, a version of the signature', () => {
  assert.deepEqual(found({ ...envelope, type: 'batch.paused' }), [{ what: 'EventType', name: 'batch.paused' }])
  assert.deepEqual(found({ ...envelope, version: 'v2' }), [{ what: 'EventVersion', name: 'v2' }])
  assert.deepEqual(found({ ...envelope, version: 2 }), [{ what: 'EventVersion', name: '2' }])
  assert.deepEqual(found({ ...envelope, subject: 'x' }), [{ what: 'EventField', name: 'subject' }])
  assert.deepEqual(found({ ...envelope, data: { job_id: 'a' } }), [{ what: 'EventField', name: 'job_id' }])
  assert.deepEqual(found({ ...envelope, type: 'batch.cancelled', data: { id: 'a', by: 'b' } }), [
    { what: 'EventField', name: 'by' },
  ])
  assert.deepEqual(found(envelope, 'v2,AAAA v2,BBBB v1,CCCC'), [{ what: 'SignatureVersion', name: 'v2' }])
})

test('a version that is no name is told without one, however deep it is', () => {
  const lists = `${'['.repeat(8_000)}${']'.repeat(8_000)}`
  for (const version of ['{}', '[]', 'null', 'true', lists]) {
    const body = `{"type":"batch.succeeded","version":${version},"data":{"id":"a"}}`.slice(0, 16 * 1024)
    assert.deepEqual(found(body), [{ what: 'EventVersion', name: '' }], version.slice(0, 8))
  }
})

test('of a type that is new, the fields are not judged one by one', () => {
  const data = { id: 'a', whatever: 1, more: 2 }
  assert.deepEqual(found({ ...envelope, type: 'audio.generated', data }), [
    { what: 'EventType', name: 'audio.generated' },
  ])
})

test('what is no event at all has another form', () => {
  for (const body of ['', 'no json', '[]', 'null', '{}', '{"type":7}', '{"type":""}', [envelope]]) {
    assert.deepEqual(found(body), [{ what: 'EventForm' }], JSON.stringify(body))
  }
})

test('a test delivery is known, and so is what an alias calls one', () => {
  assert.deepEqual(found({ type: 'ping', anything: 1 }), [])
  assert.deepEqual(found({ type: 'webhook.ping' }), [])
  assert.deepEqual(found({ type: 'webhook.test' }, signature, new Map([['webhook.test', 'ping']])), [])
})

test('an alias makes a type known by the fields of what it stands for', () => {
  const aliases = new Map([['batch.completed', 'batch.succeeded']])
  const data = { id: 'a', output_file_uri: 'files/a' }
  assert.deepEqual(found({ ...envelope, type: 'batch.completed', data }, signature, aliases), [])
  const renamed = { ...envelope, type: 'batch.completed', data: { id: 'a', result_uri: 'files/a' } }
  assert.deepEqual(found(renamed, signature, aliases), [{ what: 'EventField', name: 'result_uri' }])
})

test('a bare token in the place of signatures has no version', () => {
  assert.deepEqual(found(envelope, 'eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl'), [])
})

test('a hostile event costs a bounded number, and a large one is not looked into', () => {
  const fields = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`f${at}`, at]))
  assert.equal(found({ ...envelope, ...fields }).length, 8)
  assert.deepEqual(found({ ...envelope, filler: 'x'.repeat(20_000) }), [])
})
