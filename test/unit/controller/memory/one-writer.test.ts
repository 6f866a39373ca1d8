import assert from 'node:assert/strict'
import { test } from 'node:test'

import { reconcileRequestedAtAnnotation } from '../../../../src/api/names.ts'
import type { Memory } from '../../../../src/controller/memory/memory.ts'
import { observeKey, observeWebhook } from '../../../../src/controller/observe/observe.ts'
import { viewWebhook } from '../../../../src/controller/observe/view-webhook.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import type { RemoteWebhook, WebhookService } from '../../../../src/gemini/webhook-service.ts'
import { aPass } from '../../../support/worlds/a-pass.ts'
import { aWebhook, remoteId, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import { aFailure, anObservation, aRemote, live, otherSecret } from '../../../support/builders/an-observation.ts'

const registered = () => aWebhook().registered()
const observed = anObservation().build()
const { keyring } = observed

interface Scene {
  name: string
  webhook: WebhookBuilder
  /** What Google lists, and answers to a read by id. */
  remotes?: RemoteWebhook[]
  byId?: () => Promise<RemoteWebhook | undefined>
  remember?: (memory: Memory) => void
  key?: 'missing'
}

const away = () => Promise.reject(new Error('not to be read'))

const scenes: Scene[] = [
  { name: 'a new object', webhook: aWebhook() },
  { name: 'an object at rest', webhook: registered(), remotes: [aRemote()] },
  { name: 'an object without a key', webhook: registered(), key: 'missing' },
  {
    name: 'an intent of another process',
    webhook: aWebhook().intending('Create'),
  },
  {
    name: 'a call that is answered, its secret not stored',
    webhook: registered().intending('Rotate'),
    remotes: [aRemote()],
    remember: (memory) => {
      memory.announced('attempt-1')
      memory.called()
      memory.answered()
      memory.revealed({ attemptID: 'attempt-1', secrets: [live(otherSecret)] })
      memory.reportedUnstored('attempt-1')
    },
  },
  { name: 'a webhook that no list shows', webhook: registered(), byId: async () => undefined },
  {
    name: 'a webhook that was gone and is back',
    webhook: registered(),
    byId: async () => aRemote(),
    remember: (memory) => memory.noted({ gone: { id: remoteId, atMs: -60_000 } }),
  },
  {
    name: 'a deletion after which a list still shows the webhook',
    webhook: registered().deleting(),
    remotes: [aRemote()],
    remember: (memory) => {
      memory.sent()
      memory.deleted(remoteId)
    },
  },
  {
    name: 'a request to look, an open check, and probes',
    webhook: registered()
      .metadata({ annotations: { [reconcileRequestedAtAnnotation]: 'now' } })
      .status({ check: { attemptID: 'check-1', startTime: '2026-11-21T12:00:00Z', sent: 1 } }),
    remotes: [aRemote({ state: 'disabled_due_to_failed_deliveries' })],
    remember: (memory) => {
      memory.probed('proof', { healthy: false, cause: 'Answer', status: 502 })
      memory.pinged('check-1', 1)
      memory.failedCheck('prefix')
      memory.countedReenable('2026-11-21T12:00:00Z')
    },
  },
  {
    name: 'everything that is tried again',
    webhook: registered(),
    remotes: [aRemote({ name: 'renamed' })],
    remember: (memory) => {
      const webhook = registered().build()
      const failure = aFailure({ class: 'refused' })
      const config = { callTimeoutMs: 10_000, settleExtraMs: 30_000 }
      memory.refused(webhook.metadata, { failure, action: 'UpdateWebhook' })
      for (const _ of [1, 2]) memory.setBack(webhook, { operation: 'Rotate', why: 'lost' }, { random: () => 1, config })
      memory.refusedWrite({ type: 'StoreSecret', failure }, { webhook, observed }, { random: () => 1 })
      memory.wroteMetadata(webhook)
      memory.failing(true)
      memory.passed(true)
    },
  },
]

for (const { name, webhook: builder, remotes = [], byId = away, remember, key } of scenes) {
  test(`neither observing nor planning writes into the memory: ${name}`, async () => {
    const webhook = builder.build()
    const service = { list: async () => remotes, get: byId } as Partial<WebhookService>
    const data = { 'api-key': Buffer.from('a-key').toString('base64') }
    const pass = aPass({
      client: { get: async () => undefined, list: async () => ({ items: [], resourceVersion: '1' }) },
      webhooks: { get: () => webhook, list: () => [webhook], byIndex: () => [] },
      secrets: {
        read: async ({ name: secret }: { name: string }) =>
          key === undefined && secret === webhook.spec.apiKeySecretRef?.name
            ? { state: 'found', value: { metadata: { name: secret }, data } }
            : { state: 'missing' },
      } as never,
      keyring: { entryOf: () => keyring, hasRoomFor: () => true } as never,
      pool: { serviceFor: async () => service, known: () => undefined } as never,
      rollouts: { of: () => ({ state: 'open' }) },
    })
    const { memory } = pass
    memory.saw(webhook)
    memory.sawKey(key === undefined ? 'fingerprint' : undefined)
    remember?.(memory)

    const before = structuredClone(memory.view)
    const { reads, noted } = await observeWebhook(
      webhook,
      { key: await observeKey(webhook, pass), recollection: memory.view },
      pass,
    )
    assert.deepEqual(memory.view, before, 'observing only tells what is to be noted')
    memory.noted(noted)

    const remembered = structuredClone(memory.view)
    const seen = viewWebhook(webhook, reads, memory.view, pass)
    planWebhook(webhook, seen, { config: pass.config, nowMs: pass.clock.now() })
    assert.deepEqual(memory.view, remembered)
  })
}

test('what a memory shows is frozen in tests, to the bottom, so that a writer fails where it writes', () => {
  const { memory } = aPass()
  memory.deleted(remoteId)
  memory.revealed({ attemptID: 'attempt-1', secrets: [live(otherSecret)] })
  const { view } = memory
  const { revealed, deleted } = view
  assert.ok(revealed)
  assert.ok(deleted instanceof Map)
  const writes = [
    () => Object.assign(view, { claim: 'mine' }),
    () => Object.assign(revealed, { attemptID: 'another' }),
    () => Object.assign(revealed.secrets, { length: 0 }),
    () => deleted.set('another', 1),
  ]
  for (const write of writes) assert.throws(write)
  assert.deepEqual([memory.view.claim, memory.view.deleted?.size], [undefined, 1])
})

test('what was looked at stays as it was while the memory goes on', () => {
  const { memory } = aPass()
  const before = memory.view
  memory.deleted(remoteId)
  memory.noted({ claim: remoteId })
  assert.deepEqual([before.deleted, before.claim], [undefined, undefined])
  assert.deepEqual([memory.view.deleted?.has(remoteId), memory.view.claim], [true, remoteId])
})
