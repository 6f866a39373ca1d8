import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { buildRecord, type KafkaRecord } from '../../../src/sinks/kafka-record.ts'
import { anEvent, batchSucceeded } from '../../support/builders/an-event.ts'
import { anOutgoing, aSink } from '../../support/builders/deliveries.ts'

const destination = { type: 'kafka', topic: 'gwh.events.ml.{type}', key: '{subject}' } as const
const subject = 'ü % "'
const awkward = anEvent({
  body: Buffer.from(JSON.stringify({ type: 'batch.succeeded', data: { id: subject } })),
})

function recordOf(given: Partial<ResolvedSink> = {}, event = anEvent()): KafkaRecord {
  const record = buildRecord(anOutgoing({ sink: aSink({ destination, ...given }), event }), destination, {
    parseEnvelope,
    nowMs: 0,
  })
  assert.ok(!('type' in record), JSON.stringify(record))
  return record
}

function headersOf({ headers }: KafkaRecord): Record<string, string> {
  return Object.fromEntries([...headers].map(([name, value]) => [name.toString(), value.toString()]))
}

test('binary: the original bytes, and attributes in headers as the Kafka binding names and writes them', () => {
  const record = recordOf({}, awkward)
  assert.deepEqual(record.value, awkward.body)
  assert.equal(record.key?.toString(), subject)
  const { traceparent, ...headers } = headersOf(record)
  assert.match(traceparent ?? '', /^00-/)
  assert.deepEqual(headers, {
    ce_specversion: '1.0',
    ce_id: 'msg_1',
    ce_source: '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events',
    ce_type: 'com.google.gemini.batch.succeeded',
    ce_subject: subject,
    ce_geminimode: 'static',
    ce_deliveryattempt: '1',
    ce_replayed: 'false',
    'content-type': 'application/json',
  })
})

test('structured: one JSON object', () => {
  const record = recordOf({ format: 'CloudEventStructured' })
  const { 'content-type': contentType, ...others } = headersOf(record)
  assert.match(contentType ?? '', /^application\/cloudevents\+json/)
  assert.deepEqual(Object.keys(others), ['traceparent'])
  const { id, data } = JSON.parse(record.value.toString()) as { id: string; data: unknown }
  assert.deepEqual([id, data], ['msg_1', JSON.parse(batchSucceeded)])
})

test('Original: what Google sent, and its headers under names of ours', () => {
  const record = recordOf({ format: 'Original' })
  assert.equal(record.value.toString(), batchSucceeded)
  assert.equal(headersOf(record)['x-gemini-webhook-id'], 'msg_1')
})

test('headers of a Secret travel along, but none that is an attribute', () => {
  const headers = headersOf(recordOf({ headers: { 'x-team': 'search', ce_id: 'forged', 'ce-type': 'forged' } }))
  assert.equal(headers['x-team'], 'search')
  assert.deepEqual([headers['ce_id'], headers['ce_type']], ['msg_1', 'com.google.gemini.batch.succeeded'])
})

test('a topic that Kafka would not take holds the delivery', () => {
  const tooLong = { type: 'kafka', topic: `${'x'.repeat(248)}.{type}` } as const
  const delivery = anOutgoing({ sink: aSink({ destination: tooLong }) })
  const outcome = buildRecord(delivery, tooLong, { parseEnvelope, nowMs: 0 })
  assert.deepEqual(outcome, { type: 'retryable', cause: 'forbiddenTopic' })
})

test('a secret to sign with that cannot be used holds the delivery', () => {
  const delivery = anOutgoing({ sink: aSink({ destination, signingSecret: 'whsec_?' }) })
  const outcome = buildRecord(delivery, destination, { parseEnvelope, nowMs: 0 })
  assert.deepEqual(outcome, { type: 'retryable', cause: 'badSigningSecret' })
})
