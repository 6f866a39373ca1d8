import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { Memories } from '../../../src/controller/memory/memories.ts'
import { WebhookServicePool } from '../../../src/controller/observe/webhook-service-pool.ts'
import { reconcileWebhook } from '../../../src/controller/reconcile.ts'
import { KubernetesApiError, type KubernetesClient } from '../../../src/kubernetes/client.ts'
import { aPass } from '../../support/worlds/a-pass.ts'
import { aWebhook, installation } from '../../support/builders/a-webhook.ts'
import { settle } from '../../support/doubles/fake-clock.ts'

const key = { namespace: 'ml', name: 'batch-events' }
const version = (resourceVersion: string) =>
  aWebhook()
    .finalized()
    .status({ installationID: installation.id, installationToken: installation.token })
    .spec({ suspend: true })
    .metadata({ resourceVersion })
    .build()

/** A suspended object: a pass over it reads the cache, and writes nothing but status. */
function aScene(
  replaceStatus: (object: GeminiWebhook) => Promise<GeminiWebhook>,
  { random = () => 0.5 }: { random?: () => number } = {},
) {
  const cache: { object: GeminiWebhook | undefined } = { object: version('1') }
  const sent: string[] = []
  const client = {
    async replaceStatus(_kind: unknown, object: GeminiWebhook) {
      sent.push(object.metadata.resourceVersion)
      return replaceStatus(object)
    },
  } as unknown as Partial<KubernetesClient>
  const missing = { state: 'missing' } as const
  const pass = aPass({
    client,
    random,
    webhooks: { get: () => cache.object, list: () => [], byIndex: () => [] },
    secrets: { read: async () => missing } as never,
    keyring: { entryOf: () => undefined, hasRoomFor: () => true } as never,
    recorder: { record: () => undefined },
  })
  const ctx = { ...pass, memories: new Memories(pass.clock) }
  return { cache, sent, pass: () => reconcileWebhook(key, ctx) }
}

/** A finalized object with an API key; `wait` is what its pass waits for at Google, or for its turn with the key. */
function aSceneWithKey(wait: Partial<{ list: () => Promise<never>; withoutWorker: () => Promise<never> }>) {
  const object = aWebhook()
    .finalized()
    .status({ installationID: installation.id, installationToken: installation.token })
    .build()
  const opened: string[] = []
  const base = aPass({})
  const memories = new Memories(base.clock)
  const pool = new WebhookServicePool({
    clock: base.clock,
    open: ({ fingerprint }) => {
      opened.push(fingerprint)
      return { as: () => ({ list: wait.list }) } as never
    },
  })
  const data = { 'api-key': Buffer.from('a-key').toString('base64') }
  const pass = aPass({
    pool,
    webhooks: { get: () => object, list: () => [object], byIndex: () => [] },
    secrets: { read: async () => ({ state: 'found', value: { metadata: {}, data } }) } as never,
    keyring: { entryOf: () => undefined, hasRoomFor: () => true } as never,
    ...(wait.withoutWorker !== undefined && { withoutWorker: wait.withoutWorker }),
  })
  const use = (fingerprint: string) =>
    pool.serviceFor(
      { apiKey: 'a-key', fingerprint },
      { party: 'ml', isUrgent: false, withoutWorker: (given) => given() },
    )
  void reconcileWebhook(key, { ...pass, memories })
  return { memories, pool, opened, use }
}

test('the API key of a pass under way is in use: no pruning meanwhile drops its service, nor its call budget', async () => {
  const { memories, pool, opened, use } = aSceneWithKey({ list: () => new Promise(() => {}) })
  await settle()
  const [fingerprint = ''] = opened
  assert.deepEqual([...memories.fingerprintsInUse()], [fingerprint])
  pool.prune(memories.fingerprintsInUse())
  await use(fingerprint)
  assert.deepEqual(opened, [fingerprint], 'it is not opened a second time')
})

test('an API key that a pass waits for is in use before its turn has come', async () => {
  const { memories, pool, opened, use } = aSceneWithKey({ withoutWorker: () => new Promise(() => {}) })
  await settle()
  assert.deepEqual(opened, [])
  const [fingerprint = ''] = memories.fingerprintsInUse()
  // Another object with the same key was faster, and is gone again.
  await use(fingerprint)
  pool.prune(memories.fingerprintsInUse())
  await use(fingerprint)
  assert.deepEqual(opened, [fingerprint])
})

const withVersion = (object: GeminiWebhook, resourceVersion: string): GeminiWebhook => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion },
})

test('no pass works on a version older than the last write of this process, however far the cache lags', async () => {
  const scene = aScene(async (object) => withVersion(object, '5'))
  await scene.pass()
  assert.deepEqual(scene.sent, ['1'])
  await scene.pass()
  assert.deepEqual(scene.sent, ['1'], 'what was written is known, though the cache still shows the version before it')

  scene.cache.object = version('9')
  await scene.pass()
  assert.deepEqual(scene.sent, ['1', '9'], 'a newer version is somebody else’s, and counts')
})

test('a status that lost the race is not believed: the pass ends in the conflict, and the next starts from what won', async () => {
  let lost = true
  const scene = aScene(async (object) => {
    if (lost) throw new KubernetesApiError({ status: 409, reason: 'Conflict', message: 'changed since' })
    return withVersion(object, '5')
  })
  await assert.rejects(scene.pass(), /changed since/)
  lost = false
  scene.cache.object = version('3')
  await scene.pass()
  assert.deepEqual(scene.sent, ['1', '3'])
})

test('an object that is gone from the cache is done', async () => {
  const scene = aScene(async (object) => object)
  scene.cache.object = undefined
  assert.equal((await scene.pass()).type, 'done')
  assert.deepEqual(scene.sent, [])
})

test('a resync comes up to a fifth later than its interval and never sooner, so that each meets a newer list', async () => {
  const delays: number[] = []
  for (const random of [() => 0, () => 0.999]) {
    const result = await aScene(async (object) => object, { random }).pass()
    assert.ok(result.type === 'requeueAfter')
    delays.push(result.delayMs)
  }
  assert.deepEqual(delays, [600_000, 719_880])
})
