import assert from 'node:assert/strict'
import { test } from 'node:test'

import { viewEndpoint } from '../../../../src/controller/facts/endpoint-view.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

test('endpoints lie under the base URL, prefix included, or under an allowed host name', () => {
  const config = { baseUrl: 'https://hooks.example.com:8443/gemini/', allowedHostnames: ['b.example.com'] }
  const url = (spec: object) => viewEndpoint(aWebhook().spec(spec).build(), config)
  assert.deepEqual(url({}), { state: 'ours', url: 'https://hooks.example.com:8443/gemini/v1/s/ml/batch-events' })
  assert.deepEqual(url({ endpoint: { hostname: 'b.example.com' } }), {
    state: 'ours',
    url: 'https://b.example.com:8443/gemini/v1/s/ml/batch-events',
  })
  assert.equal(url({ endpoint: { hostname: 'evil.example.com' } }).state, 'invalid')
  assert.deepEqual(url({ endpoint: { url: 'https://mine.example.com/x' } }), {
    state: 'external',
    url: 'https://mine.example.com/x',
  })
  for (const bad of [
    'http://mine.example.com/',
    'https://u@mine.example.com/',
    'https://mine.example.com/#x',
    'nonsense',
  ]) {
    assert.equal(url({ endpoint: { url: bad } }).state, 'invalid', bad)
  }
})
