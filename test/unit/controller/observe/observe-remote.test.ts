import assert from 'node:assert/strict'
import { test } from 'node:test'

import { reconcileRequestedAtAnnotation } from '../../../../src/api/names.ts'
import { observeRemote, readById } from '../../../../src/controller/observe/observe-remote.ts'
import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import type { RemoteWebhook } from '../../../../src/gemini/webhook-service.ts'
import { aPass } from '../../../support/worlds/a-pass.ts'
import { aWebhook, endpointUrl, remoteId } from '../../../support/builders/a-webhook.ts'
import { aRemote } from '../../../support/builders/an-observation.ts'

/** Looks as a pass does: what is noted is remembered before the next look. */
async function lookAs(webhook: GeminiWebhook, pass: ReturnType<typeof aPass>) {
  const { access, memory } = pass
  assert.ok(access)
  memory.saw(webhook)
  const endpoint = { state: 'ours', url: endpointUrl } as const
  const recollection = memory.view
  const { remote, noted } = await observeRemote(
    webhook,
    { access, intent: { state: 'none' }, recollection, endpoint },
    pass,
  )
  memory.noted(noted)
  return remote
}

/** A registered object whose webhook no list shows; `answers` are those of reads by id, in order. */
function aScene(answers: (RemoteWebhook | undefined)[]) {
  let reads = 0
  const get = async () => answers[reads++]
  const pass = aPass({}, { list: async () => [], get })
  const webhook = aWebhook().registered().build()
  const look = () => lookAs(webhook, pass)
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

/** Rotated by another hand: what a list shows is not what is held. */
const rotated = aRemote({ signingSecrets: [{ truncatedSecret: 'whsec_...zzzz' }] })

function aSurprise() {
  const lists: number[] = []
  const list = async () => {
    lists.push(lists.length)
    return [rotated]
  }
  const pass = aPass({}, { list, get: async () => rotated })
  const { access, memory, clock } = pass
  assert.ok(access)
  const look = async (webhook = aWebhook().registered()) => {
    const seen = await lookAs(webhook.build(), pass)
    return seen.state === 'found' && seen.value
  }
  const confirm = async () => memory.noted((await readById(rotated.id, access, pass)).noted)
  return { look, confirm, clock, lists, memory }
}

const asking = (value: string) =>
  aWebhook()
    .registered()
    .metadata({ annotations: { [reconcileRequestedAtAnnotation]: value } })

test('what a read by id confirmed stays confirmed, however many lists come after it and say the same', async () => {
  const { look, confirm, clock, lists } = aSurprise()
  await clock.advance({ minutes: 2 })
  assert.equal(((await look(asking('one'))) || undefined)?.confirmed, false)
  await clock.advance({ seconds: 1 })
  await confirm()
  assert.equal(((await look(asking('one'))) || undefined)?.confirmed, true)
  await clock.advance({ seconds: 1 })
  assert.equal(((await look(asking('two'))) || undefined)?.confirmed, true, 'a list that is newer than the read')
  assert.equal(lists.length, 2, 'one for each request')
})

test('a read that showed another secret confirms nothing, nor one from before our own last change', async () => {
  const { look, confirm, clock, memory } = aSurprise()
  await clock.advance({ minutes: 2 })
  await confirm()
  const { read } = memory.view
  assert.ok(read)
  memory.noted({ read: { ...read, hint: 'whsec_...yyyy' } })
  assert.equal(((await look()) || undefined)?.confirmed, false)
  await confirm()
  assert.equal(((await look()) || undefined)?.confirmed, true)
  memory.sent()
  assert.equal(((await look()) || undefined)?.confirmed, false)
})

test('a request is one look, not one in each pass, and none once it is acknowledged', async () => {
  const { look, clock, lists } = aSurprise()
  await look()
  for (let pass = 0; pass < 5; pass += 1) {
    await clock.advance({ seconds: 1 })
    await look(asking('one'))
  }
  assert.equal(lists.length, 2)
  await look(asking('two').status({ lastHandledReconcileAt: 'two' }))
  assert.equal(lists.length, 2)
})

test('a list that still shows what this process deleted is not asked again: the next one is newer', async () => {
  const startedMs: number[] = []
  let shown = [aRemote()]
  const list = async () => {
    startedMs.push(pass.clock.monotonic())
    return shown
  }
  const pass = aPass({}, { list, get: async () => undefined })
  const { memory, clock } = pass
  const webhook = aWebhook().registered().deleting().build()
  const look = () => lookAs(webhook, pass)
  const deletedMs = clock.monotonic()
  memory.sent()
  memory.deleted(remoteId)
  assert.equal((await look()).state, 'found')
  await clock.advance({ seconds: 1 })
  shown = []
  assert.deepEqual(await look(), { state: 'missing', confirmed: true, confirmInMs: 0 })
  assert.deepEqual(startedMs, [deletedMs, deletedMs + 1_000])
})
