import assert from 'node:assert/strict'
import { test } from 'node:test'

import { keyIn, webhookOrRouteIn } from '../../../src/cli/key-in.ts'

const named: [text: string, key: ReturnType<typeof webhookOrRouteIn>][] = [
  ['batch-events', { name: 'batch-events', isRoute: false }],
  ['ml/batch-events', { namespace: 'ml', name: 'batch-events', isRoute: false }],
  ['groute/nightly-eval', { name: 'nightly-eval', isRoute: true }],
  ['search/groute/nightly-eval', { namespace: 'search', name: 'nightly-eval', isRoute: true }],
  ['groute/groute/nightly-eval', { namespace: 'groute', name: 'nightly-eval', isRoute: true }],
]
for (const [text, key] of named) {
  test(`${text} names a ${key.isRoute ? 'route' : 'webhook'} of ${key.namespace ?? 'the namespace that is meant'}`, () => {
    assert.deepEqual(webhookOrRouteIn(text), key)
  })
}

for (const text of ['', 'groute/', '/groute/x', 'a/b/c', 'a/groute/b/c', 'search/route/x', 'Search/groute/x', 'a b'])
  test(`"${text}" names nothing`, () => {
    assert.throws(() => webhookOrRouteIn(text), /is neither NAME nor NAMESPACE\/NAME of .*, nor groute\/NAME/)
  })

test('what can only be a webhook or a Secret is never a route', () => {
  assert.deepEqual(keyIn('groute/nightly-eval'), { namespace: 'groute', name: 'nightly-eval' })
  assert.throws(() => keyIn('search/groute/nightly-eval'), /names a GeminiRoute, which cannot be meant here/)
  assert.throws(() => keyIn('a/b/c'), /is neither NAME nor NAMESPACE\/NAME/)
})
