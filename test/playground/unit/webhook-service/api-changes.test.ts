import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  changeAnswer,
  changeEvent,
  changeSignature,
  servedPath,
} from '../../../../playground/webhook-service/api-changes.ts'

const webhook = { id: 'a', uri: 'https://x', state: 'enabled', subscribed_events: ['batch.succeeded'] }

test('without changes everything is as it was', () => {
  const body = JSON.stringify(webhook)
  assert.deepEqual(JSON.parse(changeAnswer(200, body, {})), webhook)
  assert.equal(changeAnswer(404, '{"error":{}}', {}), '{"error":{}}')
  assert.equal(changeAnswer(200, 'no json', { errorShape: 'problems' }), 'no json')
  const event = { type: 'batch.succeeded', version: 'v1', data: { id: 'batches/a' } }
  assert.deepEqual(JSON.parse(Buffer.from(changeEvent(Buffer.from(JSON.stringify(event)), {})).toString()), event)
  assert.equal(changeSignature('v1,a', {}), 'v1,a')
  assert.equal(servedPath('/v1/webhooks', {}), '/v1/webhooks')
})

test('webhooks, alone and in pages, have other words and fields', () => {
  const changes = {
    states: { enabled: 'active' },
    webhookFields: { uri: 'url' },
    addedWebhookFields: { labels: {} },
    eventTypes: { 'batch.succeeded': 'batch.completed' },
  }
  const changed = { id: 'a', url: 'https://x', state: 'active', subscribed_events: ['batch.completed'], labels: {} }
  assert.deepEqual(JSON.parse(changeAnswer(200, JSON.stringify(webhook), changes)), changed)
  const page = JSON.stringify({ webhooks: [webhook], next_page_token: 'b' })
  assert.deepEqual(JSON.parse(changeAnswer(200, page, changes)), { webhooks: [changed], next_page_token: 'b' })
  assert.equal(changeAnswer(200, '{"secret":"whsec_AAAA"}', { secretPrefix: 'gm_' }), '{"secret":"gm_AAAA"}')
})

test('an error has another shape', () => {
  const rpc = '{"error":{"code":404,"message":"gone","status":"NOT_FOUND"}}'
  const changed = JSON.parse(changeAnswer(404, rpc, { errorShape: 'problems' })) as object
  assert.deepEqual(changed, { errors: [{ title: 'gone', reason: 404 }], requestId: 'made-up' })
})

test('an event has another type, version, id and members', () => {
  const event = { type: 'batch.succeeded', version: 'v1', data: { id: 'batches/a', output_file_uri: 'files/a' } }
  const changed = changeEvent(Buffer.from(JSON.stringify(event)), {
    eventTypes: { 'batch.succeeded': 'batch.completed' },
    eventFields: { output_file_uri: 'result_uri' },
    addedEventFields: { source: 'x' },
    envelopeVersion: 'v2',
    jobId: 'projects/p.1/{id}',
  })
  assert.deepEqual(JSON.parse(Buffer.from(changed).toString()), {
    type: 'batch.completed',
    version: 'v2',
    data: { id: 'projects/p.1/batches/a', result_uri: 'files/a' },
    source: 'x',
  })
})

test('versions of the API come and go, and other paths stay', () => {
  const changes = { addedVersions: ['v2'], removedVersions: ['v1'] }
  assert.equal(servedPath('/v2/webhooks?page_size=1', changes), '/v1/webhooks?page_size=1')
  assert.equal(servedPath('/v1/webhooks', changes), '/removed/v1/webhooks')
  assert.equal(servedPath('/v3/webhooks', changes), '/v3/webhooks')
  assert.equal(servedPath('/.well-known/jwks.json', changes), '/.well-known/jwks.json')
})

test('signatures of another version come first', () => {
  assert.equal(changeSignature('v1,a v1,b', { signaturesBefore: ['v2,x'] }), 'v2,x v1,a v1,b')
})
