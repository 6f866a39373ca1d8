import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  dynamicUrl,
  isDeliveryPath,
  isStaticUrlOf,
  routeDynamicUrl,
  staticUrl,
} from '../../../src/contract/endpoint-path.ts'

const path = { namespace: 'ml', name: 'batch-events' }

for (const [base, begins] of [
  ['https://hooks.example.com', 'https://hooks.example.com'],
  ['https://hooks.example.com/', 'https://hooks.example.com'],
  ['https://hooks.example.com:8443/gemini/events//', 'https://hooks.example.com:8443/gemini/events'],
  // A prefix that looks like an endpoint of its own.
  ['https://hooks.example.com/v1/s/a/b', 'https://hooks.example.com/v1/s/a/b'],
] as const) {
  test(`endpoints below ${base} are what the receiver serves`, () => {
    const url = staticUrl(new URL(base), path)
    const dynamic = dynamicUrl(url, 'token')
    assert.equal(url, `${begins}/v1/s/ml/batch-events`)
    assert.equal(dynamic, `${begins}/v1/d/ml/batch-events/token`)
    const ofRoute = routeDynamicUrl(url, { namespace: 'search', name: 'nightly', token: 'token' })
    assert.equal(ofRoute, `${begins}/v1/r/search/nightly/token`)
    for (const each of [url, dynamic, ofRoute]) assert.ok(isDeliveryPath(each.slice(begins.length)))
    assert.ok(isStaticUrlOf(new URL(url), path))
    for (const each of [dynamic, ofRoute]) assert.ok(!isStaticUrlOf(new URL(each), path))
  })
}

test('an endpoint is one of the object with exactly these names', () => {
  for (const url of [
    'https://hooks.example.com/v1/s/ml/batch-events-2',
    'https://hooks.example.com/v1/s/xml/batch-events',
    'https://hooks.example.com/v1/s/ml/batch-events/',
    'https://hooks.example.com/?/v1/s/ml/batch-events',
  ]) {
    assert.equal(isStaticUrlOf(new URL(url), path), false, url)
  }
})

for (const each of [
  '',
  '/',
  '/v1/s/ml',
  '/v1/s/ml/',
  '/v1/s/a/b/',
  '/v1/d/a/b',
  '/v1/d/a/b/c/d',
  '/v1/r/a/b',
  '/x/v1/s/a/b',
  '/V1/s/a/b',
]) {
  test(`no deliveries are sent to "${each}"`, () => assert.equal(isDeliveryPath(each), false))
}
