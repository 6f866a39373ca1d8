import assert from 'node:assert/strict'
import { test } from 'node:test'

import { reconcileRequestedAtAnnotation } from '../../../../src/api/names.ts'
import { lookRequest, requestedLook } from '../../../../src/controller/facts/look-request.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const asking = (value: string) => aWebhook().metadata({ annotations: { [reconcileRequestedAtAnnotation]: value } })

test('the first 256 characters count, and none of them is cut in half', () => {
  assert.equal(requestedLook(asking('short').build()), 'short')
  assert.equal(requestedLook(asking('a'.repeat(257)).build()), 'a'.repeat(256))
  assert.equal(requestedLook(asking('😀'.repeat(300)).build()), '😀'.repeat(256))
  assert.equal(requestedLook(aWebhook().build()), undefined)
})

test('a request begins when it is seen first, and ends with its acknowledgement', () => {
  const long = 'b'.repeat(300)
  const first = lookRequest(asking(long).build(), undefined, 5)
  assert.deepEqual(first, { value: 'b'.repeat(256), sinceMs: 5 })
  assert.equal(lookRequest(asking(long).build(), first, 9), first)
  const second = lookRequest(asking('another').build(), first, 9)
  assert.equal(second?.sinceMs, 9)
  const handled = asking(long).status({ lastHandledReconcileAt: 'b'.repeat(256) })
  assert.equal(lookRequest(handled.build(), second, 12), undefined)
})
