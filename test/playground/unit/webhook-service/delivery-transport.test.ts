import assert from 'node:assert/strict'
import { test } from 'node:test'

import { resolveTarget } from '../../../../playground/webhook-service/delivery-transport.ts'

const connectTo = {
  'a.test:8443': 'http://127.0.0.1:1',
  'a.test': 'http://127.0.0.1:2',
  '*': 'https://127.0.0.1:3',
}
const cases: [string, string, string, string][] = [
  ['https://a.test:8443/x?y=1', 'http://127.0.0.1:1', '/x?y=1', 'a.test:8443'],
  ['https://a.test/x', 'http://127.0.0.1:2', '/x', 'a.test'],
  ['https://b.test', 'https://127.0.0.1:3', '/', 'b.test'],
]
for (const [uri, origin, path, host] of cases) {
  test(`${uri} goes to ${origin}, the most precise entry, and keeps its host and path`, () => {
    const target = resolveTarget(uri, connectTo)
    assert.deepEqual([target.origin, target.path, target.host], [origin, path, host])
  })
}

test('without an entry a URI goes where it says', () => {
  assert.equal(resolveTarget('https://a.test:8443/x', {}).origin, 'https://a.test:8443')
  assert.equal(resolveTarget('http://a.test/x', { 'a.test:443': 'http://127.0.0.1:1' }).origin, 'http://a.test')
})
