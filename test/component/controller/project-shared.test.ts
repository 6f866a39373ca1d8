import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import type { WorkingConfig } from '../../../src/controller/config.ts'
import { namespaceKind, secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { apiKeySecretName, startControllerFixture, type WriteHook } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }

/** Teams with an object and an API key each. `config`: of the controllers that are started from then on. */
async function startTeams(t: TestContext) {
  const config: Partial<WorkingConfig> = { confirmIntervalMs: 50, resyncIntervalMs: 150 }
  const it = await startControllerFixture(t, { config })
  const writes: string[] = []
  const record: WriteHook = (moment, call) => {
    if (moment === 'before') writes.push(call)
  }
  const get = (namespace: string) => it.client.get<GeminiWebhook>(geminiWebhookKind, { namespace, name })
  return {
    ...it,
    writes,
    config,
    start: () => it.startController(record),
    async join(namespace: string, apiKey: string): Promise<void> {
      await it.client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      await it.client.create<Secret>(secretKind, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace, name: apiKeySecretName },
        data: { 'api-key': Buffer.from(apiKey).toString('base64') },
      })
      await it.client.create<GeminiWebhook>(geminiWebhookKind, {
        apiVersion,
        kind: kindName,
        metadata: { namespace, name } as GeminiWebhook['metadata'],
        spec: { apiKeySecretRef: { name: apiKeySecretName }, events: ['batch.succeeded'] },
      })
      await eventually(
        `${namespace} is Ready`,
        async () => it.conditionOf(await get(namespace), 'Ready')?.status === 'True',
        patience,
      )
    },
    leave: (namespace: string) => it.client.delete(geminiWebhookKind, { namespace, name }),
    told: async (namespace: string) => it.conditionOf(await get(namespace), 'ProjectShared'),
    untilTold: (namespace: string, others: number) =>
      eventually(
        `${namespace} is told of ${others}`,
        async () => {
          const told = it.conditionOf(await get(namespace), 'ProjectShared')
          return others === 0 ? told === undefined : told?.message.startsWith(`webhooks of ${others} other `) === true
        },
        patience,
      ),
    versionOf: async (namespace: string) => (await get(namespace))?.metadata.resourceVersion,
    /** Waits for so many lists; `meanwhile` is looked at all the time. */
    async lists(more: number, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
      const before = it.calls().counts.list.received
      await eventually(
        'lists',
        async () => {
          await meanwhile()
          return it.calls().counts.list.received >= before + more
        },
        patience,
      )
    },
  }
}

test('two keys of one project are seen by their lists: both teams are told how many others there are, and stay Ready', async (t) => {
  const it = await startTeams(t)
  const running = await it.start()
  it.admin.createProject('elsewhere')
  await it.join('team-search', it.apiKey)
  await it.join('team-video', it.admin.createApiKey('project-a'))
  await it.join('team-alone', it.admin.createApiKey('elsewhere'))
  await it.untilTold('team-search', 1)
  await it.untilTold('team-video', 1)
  assert.equal(await it.told('team-alone'), undefined)
  assert.match(await running.scrape(), /^gwh_controller_shared_project_namespaces 2$/m)

  const told = await it.told('team-search')
  assert.deepEqual([told?.status, told?.reason], ['True', 'OtherNamespaces'])
  assert.ok(!JSON.stringify(told).includes('video'), 'who the others are is not told')
  const search = await it.client.get<GeminiWebhook>(geminiWebhookKind, { namespace: 'team-search', name })
  assert.equal(it.conditionOf(search, 'Ready')?.status, 'True')
  assert.deepEqual(
    ['Stalled', 'Reconciling'].filter((type) => it.conditionOf(search, type) !== undefined),
    [],
  )

  await it.leave('team-video')
  await it.untilTold('team-search', 0)
  assert.match(await running.scrape(), /^gwh_controller_shared_project_namespaces 0$/m)
})

test('keys of one project share a call budget: a 429 that one is answered holds the calls of the other, too', async (t) => {
  const it = await startTeams(t)
  await it.start()
  await it.join('team-search', it.apiKey)
  await it.join('team-video', it.admin.createApiKey('project-a'))
  await it.untilTold('team-search', 1)
  await it.untilTold('team-video', 1)
  it.admin.resetCalls()
  it.admin.addFault({ verb: 'list', effect: { type: 'status', status: 429, retryAfter: '2' } })
  const refusedAtMs = () => it.calls().calls.find(({ status }) => status === 429)?.atMs ?? Infinity
  const isHeld = (atMs: number) => atMs > refusedAtMs() && atMs < refusedAtMs() + 2_000
  await eventually(
    'lists again after the pause',
    () => it.calls().calls.some(({ atMs }) => atMs >= refusedAtMs() + 2_000),
    patience,
  )
  const during = it.calls().calls.filter(({ atMs }) => isHeld(atMs))
  assert.ok(during.length <= 1, `${during.length} calls, and not only one that was under way`)
})

test('at rest it costs no write and no call but the lists, and a list that is away or a restart changes nothing', async (t) => {
  const it = await startTeams(t)
  const first = await it.start()
  await it.join('team-search', it.apiKey)
  await it.join('team-video', it.admin.createApiKey('project-a'))
  await it.untilTold('team-search', 1)
  await it.untilTold('team-video', 1)
  const versions = () => Promise.all([it.versionOf('team-search'), it.versionOf('team-video')])
  const before = await versions()
  it.writes.length = 0
  it.admin.resetCalls()
  await it.lists(20)
  assert.deepEqual(await versions(), before)
  assert.deepEqual(it.writes, [])
  const { list: _list, ...others } = it.calls().counts
  assert.deepEqual(
    Object.entries(others).filter(([, { received }]) => received > 0),
    [],
  )

  const told = new Set([JSON.stringify(await it.told('team-search'))])
  const watch = async () => void told.add(JSON.stringify(await it.told('team-search')))
  it.admin.addFault({ verb: 'list', times: 4, effect: { type: 'status', status: 503 } })
  await it.lists(8, watch)
  assert.equal(told.size, 1, 'while lists fail')
  await first.stop()
  await it.start()
  await it.lists(10, watch)
  assert.equal(told.size, 1, 'after a restart')
})

test('a controller whose first lists lag does not take back what an earlier one told', async (t) => {
  const it = await startTeams(t)
  Object.assign(it.config, { confirmIntervalMs: 1_000, resyncIntervalMs: 1_100 })
  const first = await it.start()
  await it.join('team-search', it.apiKey)
  await it.join('team-video', it.admin.createApiKey('project-a'))
  await it.untilTold('team-search', 1)
  await it.untilTold('team-video', 1)
  await first.stop()
  const versions = () => Promise.all([it.versionOf('team-search'), it.versionOf('team-video')])
  const before = await versions()

  it.admin.addFault({ verb: 'list', times: 2, effect: { type: 'lag', ms: 600_000 } })
  it.admin.resetCalls()
  await it.start()
  await it.lists(6)
  assert.ok(it.calls().counts.get.received >= 2, 'the lists did lag: both were read by id')
  assert.deepEqual(await versions(), before)
})

test('where warnSharedProject is off nothing is told, and what was told before goes', async (t) => {
  const it = await startTeams(t)
  const telling = await it.start()
  await it.join('team-search', it.apiKey)
  await it.join('team-video', it.apiKey)
  await it.untilTold('team-search', 1)
  await it.untilTold('team-video', 1)
  await telling.stop()
  Object.assign(it.config, { warnSharedProject: false })
  const silent = await it.start()
  await it.untilTold('team-search', 0)
  await it.untilTold('team-video', 0)
  await it.join('team-audio', it.apiKey)
  await it.lists(3)
  assert.equal(await it.told('team-audio'), undefined)
  assert.doesNotMatch(await silent.scrape(), /gwh_controller_shared_project_namespaces/)
})
