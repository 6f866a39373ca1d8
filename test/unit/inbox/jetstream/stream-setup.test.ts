import assert from 'node:assert/strict'
import { test } from 'node:test'

import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream'

import {
  eventBytesOf,
  mayAllowBatches,
  problemsOfStream,
  whyOneByOne,
} from '../../../../src/inbox/jetstream/stream-setup.ts'

const wanted = {
  name: 'GWH_INBOX',
  subjects: 'gwh.inbox.>',
  replicas: 3,
  maxBytes: 1024,
  maxMessageBytes: 300,
  batches: true,
}

const good: Partial<StreamConfig> = {
  name: 'GWH_INBOX',
  subjects: ['gwh.inbox.>'],
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  max_msgs_per_subject: 1,
  max_age: 0,
  max_msgs: -1,
  num_replicas: 3,
  allow_direct: true,
  allow_msg_ttl: true,
}

test('a stream as the receiver makes it can serve, one with more replicas too', () => {
  assert.deepEqual(problemsOfStream(good, wanted), [])
  assert.deepEqual(problemsOfStream({ ...good, num_replicas: 5 }, wanted), [])
  assert.deepEqual(problemsOfStream({ ...good, max_msg_size: 300 }, wanted), [])
})

const cases: { change: Partial<StreamConfig>; problem: string; because: string }[] = [
  { change: { retention: RetentionPolicy.Interest }, problem: 'retention is interest', because: 'it keeps nothing' },
  { change: { storage: StorageType.Memory }, problem: 'storage is memory', because: 'it ends with the server' },
  { change: { discard: DiscardPolicy.Old }, problem: 'discard is old', because: 'a full stream would drop events' },
  { change: { max_msgs_per_subject: -1 }, problem: 'max_msgs_per_subject is -1', because: 'history would pile up' },
  { change: { max_age: 1 }, problem: 'max_age is 1', because: 'events would end undelivered' },
  { change: { max_msgs: 10 }, problem: 'max_msgs is 10', because: 'claims would be refused' },
  { change: { allow_direct: false }, problem: 'allow_direct is false', because: 'bodies are read from any copy' },
  { change: { allow_msg_ttl: false }, problem: 'allow_msg_ttl is false', because: 'ids would be kept for ever' },
  { change: { num_replicas: 1 }, problem: 'num_replicas is 1, 3 are configured', because: 'less safe than asked for' },
  { change: { subjects: ['other.>'] }, problem: 'subjects lack gwh.inbox.>', because: 'nothing would be stored' },
  { change: { max_msg_size: 299 }, problem: 'max_msg_size is 299', because: 'large deliveries would never be stored' },
  { change: { no_ack: true }, problem: 'no_ack is true', because: 'nothing would be confirmed' },
  { change: { sealed: true }, problem: 'it is sealed', because: 'nothing could be stored' },
  { change: { deny_delete: true }, problem: 'it is sealed or denies deletes', because: 'nothing could end' },
]
for (const { change, problem, because } of cases) {
  test(`refused, for ${because}: ${problem}`, () => {
    const problems = problemsOfStream({ ...good, ...change }, wanted)
    assert.equal(problems.length, 1)
    assert.ok(problems[0]?.startsWith(problem), problems[0])
  })
}

test('events may take four fifths of the stream, and never more than was asked for', () => {
  assert.equal(eventBytesOf({ max_bytes: 1_000 }, wanted), 800)
  assert.equal(eventBytesOf({ max_bytes: 10_000 }, wanted), 1_024)
  assert.equal(eventBytesOf({ max_bytes: -1 }, wanted), 1_024)
})

test('batches are allowed where a receiver made the stream and the server knows of them, and nowhere else', () => {
  const ours = {
    ...good,
    description: 'Inbox of gemini-webhook-operator: events that were acknowledged, and how far their delivery is.',
  }
  assert.equal(mayAllowBatches(ours, wanted), true)
  assert.equal(mayAllowBatches({ ...ours, allow_atomic: true }, wanted), false, 'they are')
  assert.equal(mayAllowBatches({ ...ours, description: 'of the platform team' }, wanted), false)
  assert.equal(mayAllowBatches(good, wanted), false)
  assert.equal(mayAllowBatches(ours, { ...wanted, batches: false }), false)
})

test('a stream without batches serves, and the reason is told', () => {
  assert.deepEqual(problemsOfStream({ ...good, allow_atomic: false }, wanted), [])
  assert.equal(whyOneByOne({ ...good, allow_atomic: true }, wanted), undefined)
  assert.match(whyOneByOne(good, wanted) ?? '', /allow_atomic/)
  assert.match(whyOneByOne(good, { ...wanted, batches: false }) ?? '', /older than 2\.12/)
})
