import assert from 'node:assert/strict'
import { test } from 'node:test'

import { reconcileRequestedAtAnnotation } from '../../../../src/api/names.ts'
import { noteLookRequest, requestedLook, type LookRequest } from '../../../../src/controller/facts/look-request.ts'
import { aWebhook } from '../../../support/a-webhook.ts'

const asking = (value: string) => aWebhook().metadata({ annotations: { [reconcileRequestedAtAnnotation]: value } })

test('the first 256 characters count, and none of them is cut in half', () => {
  assert.equal(requestedLook(asking('short').build()), 'short')
  assert.equal(requestedLook(asking('a'.repeat(257)).build()), 'a'.repeat(256))
  assert.equal(requestedLook(asking('😀'.repeat(300)).build()), '😀'.repeat(256))
  assert.equal(requestedLook(aWebhook().build()), undefined)
})

test('a request begins when it is seen first, and ends with its acknowledgement', () => {
  const recollection: { look?: LookRequest } = {}
  const long = 'b'.repeat(300)
  assert.deepEqual(noteLookRequest(asking(long).build(), recollection, 5), { value: 'b'.repeat(256), sinceMs: 5 })
  assert.equal(noteLookRequest(asking(long).build(), recollection, 9)?.sinceMs, 5)
  assert.equal(noteLookRequest(asking('another').build(), recollection, 9)?.sinceMs, 9)
  const handled = asking(long).status({ lastHandledReconcileAt: 'b'.repeat(256) })
  assert.equal(noteLookRequest(handled.build(), recollection, 12), undefined)
  assert.equal(recollection.look, undefined)
})
