import assert from 'node:assert/strict'
import { test } from 'node:test'

import { afterMetadataWrite, isMetadataHeld } from '../../../../src/controller/memory/metadata-writes.ts'
import type { Retry } from '../../../../src/controller/memory/retry.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

test('some writes are made at once, the next after five minutes, and a changed spec begins anew', () => {
  let writes: Retry | undefined
  const webhook = aWebhook().build()
  const write = (nowMs: number) => {
    writes = afterMetadataWrite(writes, webhook, nowMs)
  }
  for (const nowMs of [0, 1, 2, 3]) {
    write(nowMs)
    assert.equal(isMetadataHeld(writes, webhook, nowMs), false)
  }
  write(4)
  assert.equal(isMetadataHeld(writes, webhook, 300_003), true)
  assert.equal(isMetadataHeld(writes, webhook, 300_004), false)
  write(300_004)
  assert.equal(isMetadataHeld(writes, webhook, 600_003), true, 'the row goes on')
  const edited = { ...webhook, metadata: { ...webhook.metadata, generation: (webhook.metadata.generation ?? 1) + 1 } }
  assert.equal(isMetadataHeld(writes, edited, 300_005), false)
  write(1_000_000)
  assert.equal(isMetadataHeld(writes, webhook, 1_000_000), false, 'another row')
})
