import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  afterMetadataWrite,
  isMetadataHeld,
  type MetadataWrites,
} from '../../../../src/controller/memory/metadata-writes.ts'
import { aWebhook } from '../../../support/a-webhook.ts'

test('some writes are made at once, the next after five minutes, and a changed spec begins anew', () => {
  const recollection: { metadataWrites?: MetadataWrites } = {}
  const webhook = aWebhook().build()
  const write = (nowMs: number) => {
    recollection.metadataWrites = afterMetadataWrite(recollection.metadataWrites, webhook, nowMs)
  }
  for (const nowMs of [0, 1, 2, 3]) {
    write(nowMs)
    assert.equal(isMetadataHeld(webhook, recollection, nowMs), false)
  }
  write(4)
  assert.equal(isMetadataHeld(webhook, recollection, 300_003), true)
  assert.equal(isMetadataHeld(webhook, recollection, 300_004), false)
  write(300_004)
  assert.equal(isMetadataHeld(webhook, recollection, 600_003), true, 'the row goes on')
  const edited = { ...webhook, metadata: { ...webhook.metadata, generation: (webhook.metadata.generation ?? 1) + 1 } }
  assert.equal(isMetadataHeld(edited, recollection, 300_005), false)
  write(1_000_000)
  assert.equal(isMetadataHeld(webhook, recollection, 1_000_000), false, 'another row')
})
