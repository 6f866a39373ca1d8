import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Operation } from '../../../src/api/status.ts'
import { revocationOf } from '../../../src/controller/plan-rotation.ts'
import { aWebhook } from '../../support/a-webhook.ts'

const leak = aWebhook()
  .spec({ rotation: { request: { id: 'leak-1', revokePrevious: 'Immediately' } } })
  .build()
const operation = (changes: Partial<Operation>): Operation => ({
  type: 'Rotate',
  attemptID: 'attempt-1',
  startTime: '2026-11-21T12:00:00Z',
  ...changes,
})

for (const { name, given, want } of [
  { name: 'the request that asks for it', given: { cause: 'Request', requestID: 'leak-1' }, want: 'immediately' },
  { name: 'a request that was replaced meanwhile', given: { cause: 'Request', requestID: 'r-0' }, want: 'after_h24' },
  { name: 'the interval', given: { cause: 'Interval' }, want: 'after_h24' },
  { name: 'a repair', given: { cause: 'Repair' }, want: 'after_h24' },
  { name: 'an adoption that came with the request', given: { cause: 'Adoption' }, want: 'after_h24' },
] as const) {
  test(`while a request for immediate revocation stands in the spec, ${name} revokes ${want}`, () => {
    assert.equal(revocationOf(leak, operation(given)), `revoke_previous_secrets_${want}`)
  })
}

test('a request without a word about revocation gives the overlap', () => {
  const webhook = aWebhook()
    .spec({ rotation: { request: { id: 'r-1' } } })
    .build()
  const asked = operation({ cause: 'Request', requestID: 'r-1' })
  assert.equal(revocationOf(webhook, asked), 'revoke_previous_secrets_after_h24')
})
