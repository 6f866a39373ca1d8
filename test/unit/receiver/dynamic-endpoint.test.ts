import assert from 'node:assert/strict'
import { test } from 'node:test'

import { decodeDynamic, opensEndpoint } from '../../../src/receiver/dynamic-endpoint.ts'
import { aDynamicPart } from '../../support/doubles/dynamic-sender.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const endpoint = decodeDynamic(
  aDynamicPart(
    'current',
    { token: 'previous', notAfter: '2026-11-21T12:00:01Z' },
    { token: 'ended', notAfter: '2026-11-21T12:00:00Z' },
  ),
)?.endpoint

for (const [token, want] of [
  ['current', true],
  ['previous', true],
  ['ended', false],
  ['Current', false],
  ['', false],
] as const) {
  test(`the token "${token}" ${want ? 'opens' : 'does not open'} the endpoint`, () => {
    assert.equal(opensEndpoint(endpoint, token, nowMs), want)
  })
}

test('nothing opens an endpoint that does not exist or has no token', () => {
  assert.equal(opensEndpoint(undefined, 'current', nowMs), false)
  assert.equal(opensEndpoint({ tokens: [], audiences: [] }, 'current', nowMs), false)
})

test('a token whose end cannot be read is left out and reported without its hash', () => {
  const decoded = decodeDynamic(aDynamicPart('current', { token: 'odd', notAfter: 'soon' }))
  assert.equal(decoded?.endpoint.tokens.length, 1)
  assert.deepEqual(decoded?.problems, ['a token of the dynamic endpoint has a notAfter that is not a time'])
})
