import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { importLabel, sinkCredentialsSecretType } from '../../src/api/names.ts'
import type { GeminiWebhookSpec } from '../../src/api/spec.ts'
import { configMapKind, secretKind, type ConfigMap, type Secret } from '../../src/kubernetes/core-kinds.ts'
import { receiverReportSchema } from '../../src/contract/receiver-report/report.ts'
import { firstSlotOf, slotName } from '../../src/contract/receiver-report/slots.ts'
import {
  controllerAgent,
  operatorNamespace,
  startSimulatedOperator,
  tenant,
  type SimulatedOperator,
} from '../support/worlds/simulated-operator.ts'

const strangerName = 'of somebody else'
const receiverName = 'receiver-0'
const resyncMinutes = 10
/** Below the 10 s that a call to the service may take. */
const quietly = { grainMs: 5_000 }
const otherKey = { apiKeySecretRef: { name: 'other-api-key' } }

/** What each kind of object comes to rest as; the condition proves that it is the kind that it is meant to be. */
const healthy: Record<string, Partial<GeminiWebhookSpec>> = {
  plain: {},
  named: { displayName: 'nightly batches', events: ['batch.succeeded', 'batch.failed'] },
  both: { dynamic: {} },
  external: { endpoint: { url: 'https://mine.example.com/x' } },
  'other-host': { endpoint: { hostname: 'other.example.com' } },
  'rotates-rarely': { rotation: { interval: '720h', windows: [{ cron: '0 2 * * 1-5', duration: '4h' }] } },
  'rotated-once': { rotation: { request: { id: 'handled-at-creation' } } },
  disabled: { state: 'Disabled' },
  unchecked: { endpointCheck: 'Never', deletionPolicy: 'Retain' },
  sinks: {
    sinks: [
      { name: 'worker', service: { name: 'batch-worker', port: 80, path: '/events' }, format: 'CloudEventStructured' },
      { name: 'public', uri: 'https://public.example.com/hook', auth: { headersSecretRef: { name: 'sink-headers' } } },
      { name: 'cluster', kubernetesEvent: {}, filter: { cel: 'has(event.data.id)' } },
    ],
  },
  'plain-elsewhere': otherKey,
  'both-elsewhere': { ...otherKey, dynamic: {}, sinks: [{ name: 'cluster', kubernetesEvent: {} }] },
}

const unwell: Record<string, { spec: Partial<GeminiWebhookSpec>; condition: [type: string, status: string] }> = {
  'dynamic-only': { spec: { dynamic: {} }, condition: ['Ready', 'True'] },
  suspended: { spec: { suspend: true }, condition: ['Ready', 'False'] },
  keyless: { spec: { apiKeySecretRef: { name: 'nobody-made-it' } }, condition: ['CredentialsValid', 'False'] },
  taken: { spec: {}, condition: ['SecretAvailable', 'False'] },
  reports: { spec: { driftPolicy: 'Report' }, condition: ['InSync', 'False'] },
  adopted: { spec: { adoptionPolicy: 'TakeOver' }, condition: ['Ready', 'True'] },
  'broken-window': {
    spec: { rotation: { interval: '720h', windows: [{ cron: '0 0 30 2 *', duration: '1h' }] } },
    condition: ['PartIgnored', 'True'],
  },
  'broken-filter': {
    spec: { sinks: [{ name: 'cluster', kubernetesEvent: {}, filter: { cel: 'event.data.id +' } }] },
    condition: ['SinksResolved', 'False'],
  },
}

/** One of every kind, each come to rest as what it is. */
async function startSteadyOperator(t: TestContext, { strangers = 0 } = {}) {
  const operator = await startSimulatedOperator(t)
  const { admin, client } = operator
  await operator.giveApiKey('project-a')
  await operator.giveApiKey('project-b', 'other-api-key')
  await operator.putSecret('sink-headers', { authorization: 'Bearer of-the-test' }, { type: sinkCredentialsSecretType })
  await operator.putSecret('taken-signing-secret', { 'signing-secret': 'of somebody else' })
  await client.create({ group: '', version: 'v1', kind: 'Service', plural: 'services', namespaced: true }, {
    metadata: { name: 'batch-worker', namespace: tenant },
    spec: { selector: { app: 'batch-worker' }, ports: [{ port: 80 }] },
  } as never)
  const subscribedEvents = ['batch.succeeded']
  for (let index = 0; index < strangers; index++) {
    admin.createWebhook('project-a', {
      name: strangerName,
      uri: `https://other.example.com/${index}`,
      subscribedEvents,
    })
  }
  const uri = 'https://old.example.com'
  const { id, secrets } = admin.createWebhook('project-a', { name: 'by hand', uri, subscribedEvents })
  const imported = { 'signing-secret': secrets[0]?.secret ?? '' }
  await operator.putSecret('adopted-signing-secret', imported, { labels: { [importLabel]: 'true' } })
  await operator.startController(['--no-leader-election', '--allowed-hostnames=other.example.com'])
  const receiver = await operator.startReceiver([], receiverName)
  admin.setConnectTo({ '*': receiver.url })

  for (const [name, spec] of Object.entries(healthy)) await operator.apply(name, spec)
  for (const [name, { spec }] of Object.entries(unwell)) {
    // A null takes a default of the builder away again.
    const events = name === 'dynamic-only' ? { events: undefined as never } : {}
    await operator.apply(name, { ...spec, ...events, ...(name === 'adopted' && { externalID: id }) })
  }
  await operator.untilAll(Object.keys(healthy), 'Ready', 'True')
  const drifted = (await operator.get('reports'))?.status?.webhook?.id ?? ''
  admin.editWebhook(drifted, { subscribedEvents: ['video.generated'] })
  for (const [name, { condition }] of Object.entries(unwell)) await operator.untilAll([name], ...condition)
  await operator.clock.advance({ minutes: 3 * resyncMinutes }, quietly)
  await receiver.stop()
  return operator
}

/**
 * Lets hours pass. The receiver's part, so that it need not run: it lives, which it says once an hour, and has nothing
 * new to tell.
 */
async function passHours({ clock, client }: SimulatedOperator, hours: number, everyHour: () => void = () => {}) {
  const key = { namespace: operatorNamespace, name: slotName(firstSlotOf(receiverName)) }
  for (let hour = 0; hour < hours; hour++) {
    const reports = await client.get<ConfigMap>(configMapKind, key)
    const last = receiverReportSchema.parse(JSON.parse(reports?.data?.[receiverName] ?? '{}'))
    const alive = { ...last, time: new Date(clock.now()).toISOString() }
    await client.patch(configMapKind, key, { data: { [receiverName]: JSON.stringify(alive) } }, { type: 'merge' })
    await clock.advance({ hours: 1 }, quietly)
    everyHour()
  }
}

/** Forgets what was, and returns what asserts that nothing has been changed since. */
async function noteRest({ traffic, kubernetes, admin, versions }: SimulatedOperator) {
  const before = await versions()
  traffic.forgetWrites()
  admin.resetCalls()
  return async (among: (object: string) => boolean = () => true) => {
    const after = [...(await versions())].filter(
      ([object]) => among(object) && !object.includes(slotName(firstSlotOf(receiverName))),
    )
    for (const [object, version] of after) assert.deepEqual(version, before.get(object), object)
    assert.deepEqual(traffic.writes(kubernetes.url, controllerAgent), [])
    const { create, update, delete: remove, ping, rotateSigningSecret } = admin.calls().counts
    const mutating = [create, update, remove, ping, rotateSigningSecret].map(({ received }) => received)
    assert.deepEqual(mutating, [0, 0, 0, 0, 0], 'create, update, delete, ping, rotate')
  }
}

test('24 simulated hours of steady state make 0 writes to Kubernetes, 0 mutating calls, and a list for each key and resync', async (t) => {
  const operator = await startSteadyOperator(t)
  const assertAtRest = await noteRest(operator)
  await passHours(operator, 24)
  await assertAtRest()
  const { list, ...others } = operator.admin.calls().counts
  const listsPerKey = (24 * 60) / resyncMinutes
  t.diagnostic(`${list.received} lists by 2 keys for ${operator.admin.webhooks().length} webhooks`)
  assert.ok(list.received >= (2 * listsPerKey) / 1.2 - 2, 'every object was looked at all day')
  assert.ok(list.received <= 2 * listsPerKey, 'no more lists than intervals')
  const asked = Object.entries(others).filter(([, { received }]) => received > 0)
  assert.deepEqual(asked, [])
})

test('lists that lag, pages that shift, watches that break: 8 simulated hours still write nothing and change nothing', async (t) => {
  // Ours begin at the end of the first page, so that every stranger that goes moves one of them over its edge.
  const operator = await startSteadyOperator(t, { strangers: 995 })
  const { admin } = operator
  admin.addFault({ verb: 'list', times: 0, probability: 0.5, effect: { type: 'lag', ms: 90 * 60_000 } })
  const assertAtRest = await noteRest(operator)
  await passHours(operator, 8, () => {
    operator.kubernetes.compactWatchHistory()
    const stranger = admin.webhooks('project-a').find(({ name }) => name === strangerName)
    admin.deleteWebhook(stranger?.id ?? '')
  })
  await assertAtRest()
  const { list, get } = admin.calls().counts
  t.diagnostic(`${list.received} lists, ${get.received} reads by id`)
  assert.ok(get.received > 0, 'lists were wrong about objects of ours, which were then asked for by id')
})

test('100 forced resyncs leave every resourceVersion unchanged', async (t) => {
  const operator = await startSteadyOperator(t)
  const assertAtRest = await noteRest(operator)
  const force = async (round: number) => {
    for (const name of ['gemini-api-key', 'other-api-key']) {
      const annotations = { 'example.com/touched': String(round) }
      await operator.client.patch<Secret>(
        secretKind,
        { namespace: tenant, name },
        { metadata: { annotations } },
        { type: 'merge' },
      )
    }
  }
  for (let round = 1; round <= 100; round++) {
    await force(round)
    await operator.clock.advance({ seconds: 1 })
  }
  await assertAtRest((object) => !object.endsWith('-api-key'))
})
