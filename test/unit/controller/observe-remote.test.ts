import assert from 'node:assert/strict'
import { test } from 'node:test'

import { observeRemote } from '../../../src/controller/observe-remote.ts'
import type { RemoteWebhook } from '../../../src/gemini/webhook-service.ts'
import { aPass } from '../../support/a-pass.ts'
import { aWebhook, endpointUrl } from '../../support/a-webhook.ts'
import { aRemote } from '../../support/an-observation.ts'

/** A registered object whose webhook no list shows; `answers` are those of reads by id, in order. */
function aScene(answers: (RemoteWebhook | undefined)[]) {
  let reads = 0
  const get = async () => answers[reads++]
  const pass = aPass({}, { list: async () => [], get })
  const webhook = aWebhook().registered().build()
  const endpoint = { state: 'ours', url: endpointUrl } as const
  const { access, recollection } = pass
  assert.ok(access)
  const look = () => observeRemote(webhook, { access, intent: { state: 'none' }, recollection, endpoint }, pass)
  return { look, clock: pass.clock, reads: () => reads }
}

test('a known id is missing only after two reads by id, a minute apart, found nothing', async () => {
  const { look, clock, reads } = aScene([undefined, undefined])
  assert.deepEqual(await look(), { state: 'missing', confirmed: false, confirmInMs: 60_000 })
  await clock.advance({ seconds: 59 })
  assert.deepEqual(await look(), { state: 'missing', confirmed: false, confirmInMs: 1_000 })
  assert.equal(reads(), 1, 'asking sooner proves nothing, and is not done')
  await clock.advance({ seconds: 1 })
  assert.deepEqual(await look(), { state: 'missing', confirmed: true, confirmInMs: 0 })
})

test('what the second read finds was never gone: the next loss begins anew', async () => {
  const { look, clock } = aScene([undefined, aRemote()])
  await look()
  await clock.advance({ seconds: 60 })
  assert.equal((await look()).state, 'found')
})
