import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readCreated, readPage, readRotatedSecret, readWebhook } from '../../../src/gemini/remote-webhook.ts'
import { toSnakeCase } from '../../../src/gemini/snake-case.ts'
import { tellUnknown } from '../../../src/gemini/tell-unknown.ts'
import { unknownInAnswer, unknownInError, unknownInRevealed } from '../../../src/gemini/unknown-in-answer.ts'
import type { Unknown } from '../../../src/gemini/unknown-forms.ts'

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const webhook = {
  id: 'abc',
  name: 'gwh:1',
  uri: 'https://hooks.example.com/v1/s/ml/a',
  subscribed_events: ['batch.succeeded'],
  state: 'enabled',
  signing_secrets: [{ truncated_secret: 'whsec_...BwcH' }],
  create_time: '2026-11-21T12:00:00Z',
  update_time: '2026-11-21T12:00:00Z',
}

test('what is documented is known', () => {
  assert.deepEqual(unknownInAnswer({ ...webhook, new_signing_secret: secret, sdkHttpResponse: {} }), [])
  assert.deepEqual(unknownInAnswer({ webhooks: [webhook, { ...webhook, state: 'disabled' }] }), [])
  for (const answer of [{}, undefined, null, 'text', { webhooks: [] }, { webhooks: ['text'] }]) {
    assert.deepEqual(unknownInAnswer(answer), [])
  }
})

test('new fields and states are named, each once for all webhooks of a page', () => {
  const changed = { ...webhook, labels: { team: 'a' }, state: 'active' }
  const expected = [
    { what: 'WebhookField', name: 'labels' },
    { what: 'WebhookState', name: 'active' },
  ]
  assert.deepEqual(unknownInAnswer(changed), expected)
  assert.deepEqual(unknownInAnswer({ webhooks: [changed, changed, webhook] }), expected)
})

test('an event that a webhook is subscribed to is named where it is new', () => {
  const changed = { ...webhook, subscribed_events: ['batch.succeeded', 'batch.done', 7] }
  assert.deepEqual(unknownInAnswer(changed), [{ what: 'EventType', name: 'batch.done' }])
})

test('a page of something in between is no error of another shape, and the two shapes of the API are known', () => {
  for (const error of [
    { status: 404, error: { error: { code: 404, message: 'x', status: 'NOT_FOUND' } } },
    { status: 404, error: { error: { code: 'not_found', message: 'x' } } },
    { status: 502, error: undefined },
    { error: { errors: [] } },
    new Error('cut off'),
    undefined,
  ]) {
    assert.deepEqual(unknownInError(error), [])
  }
  assert.deepEqual(unknownInError({ status: 404, error: { errors: [{ title: 'x' }] } }), [{ what: 'ErrorShape' }])
  assert.deepEqual(unknownInError({ status: 400, error: { error: 'a text' } }), [{ what: 'ErrorShape' }])
})

test('a secret of another form is told without any of it', () => {
  assert.deepEqual(unknownInRevealed({ secret }), [])
  assert.deepEqual(unknownInRevealed({ ...webhook, new_signing_secret: secret }), [])
  for (const answer of [{ secret: secret.replace('whsec_', 'gm_') }, { signing_secret: secret }]) {
    assert.deepEqual(unknownInRevealed(answer), [{ what: 'SecretForm' }])
  }
})

test('each call tells what its own answer has, and gives the answer or the error on as it is', async () => {
  const told: Unknown[] = []
  const call = tellUnknown<number>(
    (_verb, _signal, send) => send(1),
    (unknown) => void told.push(unknown),
  )
  const answer = { ...webhook, labels: {} }
  for (const verb of ['list', 'get', 'create', 'update'] as const) {
    assert.equal(await call(verb, undefined, async () => answer), answer)
  }
  assert.deepEqual(await call('rotateSigningSecret', undefined, async () => ({ secret })), { secret })
  for (const verb of ['delete', 'ping'] as const) await call(verb, undefined, async () => ({ anything: 1 }))
  const names = told.map(({ what, name }) => `${what} ${name}`)
  const expected = ['WebhookField labels', 'WebhookField labels', 'WebhookField labels', 'SecretForm undefined']
  assert.deepEqual(names, [...expected, 'WebhookField labels'])
  const error = Object.assign(new Error('no'), { status: 400, error: { errors: [] } })
  await assert.rejects(
    call('get', undefined, () => Promise.reject(error)),
    error,
  )
  assert.deepEqual(told.at(-1), { what: 'ErrorShape' })
})

test('fields are read in both ways in which Google writes names, and the documented one goes first', () => {
  const { subscribed_events, signing_secrets, ...rest } = webhook
  const [{ truncated_secret: truncatedSecret } = { truncated_secret: '' }] = signing_secrets
  const camel = { ...rest, subscribedEvents: subscribed_events, signingSecrets: [{ truncatedSecret, expireTime: 'x' }] }
  const { signingSecrets, ...read } = readWebhook(camel) ?? assert.fail()
  assert.deepEqual(read.subscribedEvents, subscribed_events)
  assert.deepEqual(signingSecrets, [{ truncatedSecret, expireTime: 'x' }])
  assert.deepEqual(readPage({ webhooks: [camel], nextPageToken: 'more' })?.nextPageToken, 'more')
  assert.equal(readCreated({ ...camel, newSigningSecret: secret })?.signingSecret, secret)
  assert.equal(readWebhook(camel)?.hasUnknownFields, undefined)
  assert.deepEqual(toSnakeCase({ nextPage: 1, next_page: 2 }), { nextPage: 1, next_page: 2 })
})

test('a webhook says when there is more than is read of it, and its state never outgrows the status', () => {
  assert.equal(readWebhook({ ...webhook, sdkHttpResponse: {} })?.hasUnknownFields, undefined)
  assert.equal(readWebhook({ ...webhook, createTime: 'x' })?.hasUnknownFields, true, 'it is there twice')
  assert.equal(readWebhook({ ...webhook, labels: {} })?.hasUnknownFields, true)
  assert.equal(readWebhook({ ...webhook, state: 'x'.repeat(100) })?.state.length, 64)
})

test('a revealed secret is read under another name where there is only one that it can be', () => {
  assert.equal(readRotatedSecret({ secret }), secret)
  assert.equal(readRotatedSecret({ signing_secret: secret }), secret)
  assert.equal(readCreated({ ...webhook, signingSecret: secret })?.signingSecret, secret)
  assert.equal(readRotatedSecret({ a_secret: secret, b_secret: secret }), undefined)
  assert.equal(readRotatedSecret({ truncated_secret: 'whsec_...abcdefghijklmnop' }), undefined)
  assert.equal(readRotatedSecret({ signing_secret: 'short' }), undefined)
  assert.equal(readRotatedSecret('text'), undefined)
})
