import assert from 'node:assert/strict'
import { test } from 'node:test'

import { reconcileRequestedAtAnnotation } from '../../../src/api/names.ts'
import {
  configMapKind,
  secretKind,
  serviceKind,
  type ConfigMap,
  type Secret,
  type Service,
} from '../../../src/kubernetes/core-kinds.ts'
import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { orphanKeyOf } from '../../../src/contract/orphans/orphan-record.ts'
import { slotName } from '../../../src/contract/receiver-report/slots.ts'
import {
  startControllerFixture,
  apiKeySecretName,
  decode,
  home,
  tenant,
} from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }

test('under an older CRD that drops the intent nothing is called, and the status says why', async (t) => {
  const fixture = await startControllerFixture(t, {
    editCrd: (crd) => crd.replaceAll(/^( +)operation:$/gm, '$1operationUnknown:'),
  })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Stalled', { status: 'True', reason: 'CRDOutdated' })
  assert.equal(fixture.calls().counts.create.received, 0)
})

test('an installation from another cluster calls nothing until it is confirmed', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.client.create<ConfigMap>(configMapKind, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: home, name: 'gwh-installation' },
    data: { id: 'installation-1', namespaceUid: 'of-another-cluster' },
  })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  const stalled = await fixture.untilCondition(name, 'Stalled', { reason: 'InstallationUnconfirmed' })
  const uid = /set namespaceUid to (\S+);/.exec(fixture.conditionOf(stalled, 'Stalled')?.message ?? '')?.[1]
  assert.equal(fixture.calls().calls.length, 0)

  const key = { namespace: home, name: 'gwh-installation' }
  await fixture.client.patch(configMapKind, key, { data: { namespaceUid: uid } }, { type: 'merge' })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
})

test('a short outage of Google leaves the status of a Ready object as it was', async (t) => {
  const fixture = await startControllerFixture(t, { config: { confirmIntervalMs: 50, resyncIntervalMs: 400 } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  const before = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  fixture.admin.resetCalls()
  fixture.admin.addFault({ verb: 'list', times: 0, effect: { type: 'status', status: 503 } })
  await eventually('the outage was met', () => fixture.calls().counts.list.received > 0, patience)
  assert.equal((await fixture.get(name))?.metadata.resourceVersion, before.metadata.resourceVersion)

  const told = await fixture.untilCondition(name, 'Reconciling', { status: 'True', reason: 'RemoteUnavailable' })
  assert.equal(fixture.conditionOf(told, 'Ready')?.status, 'True', 'Ready keeps its last truth')
  fixture.admin.clearFaults()
  await eventually(
    'over',
    async () => fixture.conditionOf(await fixture.get(name), 'Reconciling') === undefined,
    patience,
  )
})

test('what Google keeps refusing is Stalled once and stays so, however often it is tried again', async (t) => {
  const fixture = await startControllerFixture(t, { switches: { maxNameCharacters: 39 } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, { displayName: 'of the night' })
  const stalled = await fixture.untilCondition(name, 'Stalled', { status: 'True', reason: 'RemoteRejected' })
  const { received } = fixture.calls().counts.create
  await eventually(
    'three resyncs',
    async () => {
      const webhook = await fixture.get(name)
      assert.deepEqual(fixture.conditionOf(webhook, 'Stalled'), fixture.conditionOf(stalled, 'Stalled'))
      return fixture.calls().counts.create.received >= received + 3
    },
    patience,
  )
  assert.equal(
    (await fixture.get(name))?.status?.conditions?.find(({ type }) => type === 'Ready')?.reason,
    'RemoteRejected',
  )

  await fixture.patch(name, { spec: { displayName: null } })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
})

test('what was Stalled because Google refuses it stays so for a controller that comes after a restart', async (t) => {
  const fixture = await startControllerFixture(t, { switches: { maxNameCharacters: 39 } })
  const first = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, { displayName: 'of the night' })
  const stalled = await fixture.untilCondition(name, 'Stalled', { status: 'True', reason: 'RemoteRejected' })
  await first.stop()

  const { received } = fixture.calls().counts.create
  const told: unknown[] = []
  await fixture.startController(async (moment, call) => {
    if (moment === 'after' && call === 'replaceStatus GeminiWebhook')
      told.push(fixture.conditionOf(await fixture.get(name), 'Stalled'))
  })
  await eventually('two tries', () => fixture.calls().counts.create.received >= received + 2, patience)
  assert.ok(told.length > 0)
  for (const condition of told) assert.deepEqual(condition, fixture.conditionOf(stalled, 'Stalled'))

  await fixture.patch(name, { spec: { displayName: null } })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
})

test('a missing API key is told, and its arrival wakes the object', async (t) => {
  const fixture = await startControllerFixture(t, { config: { resyncIntervalMs: 60_000 } })
  await fixture.startController()
  await fixture.apply(name)
  const waiting = await fixture.untilCondition(name, 'CredentialsValid', { status: 'False', reason: 'SecretNotFound' })
  assert.match(fixture.conditionOf(waiting, 'CredentialsValid')?.message ?? '', new RegExp(apiKeySecretName))
  await fixture.putApiKey()
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
})

test('a refused API key makes no hot loop, and a good one in its place works at once', async (t) => {
  const fixture = await startControllerFixture(t, { config: { resyncIntervalMs: 60_000, credentialsRetryMs: 60_000 } })
  await fixture.startController()
  await fixture.putApiKey('AIza-revoked')
  for (const other of ['one', 'two', 'three']) await fixture.apply(other)
  for (const other of ['one', 'two', 'three']) {
    await fixture.untilCondition(other, 'CredentialsValid', { status: 'False', reason: 'CredentialsRejected' })
  }
  assert.ok(fixture.calls().counts.list.received <= 2, 'objects that share a key share its refusal')
  await fixture.putApiKey()
  for (const other of ['one', 'two', 'three']) await fixture.untilCondition(other, 'Ready', { status: 'True' })
})

test('a new value of the annotation makes it look now, and is acknowledged', async (t) => {
  const fixture = await startControllerFixture(t, { config: { resyncIntervalMs: 60_000 } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const [remote] = fixture.remotes()
  assert.ok(remote)
  fixture.admin.editWebhook(remote.id, { uri: 'https://elsewhere.example.com/' })
  await fixture.patch(name, { metadata: { annotations: { [reconcileRequestedAtAnnotation]: 'now-1' } } })
  await eventually(
    'acknowledged',
    async () => (await fixture.get(name))?.status?.lastHandledReconcileAt === 'now-1',
    patience,
  )
  assert.equal(fixture.remotes()[0]?.uri, remote.uri)
})

test('a renamed Secret is written under its new name, then the old one goes', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const before = decode((await fixture.targetSecret(name))?.data?.['signing-secret'])
  await fixture.patch(name, { spec: { signingSecret: { name: 'renamed-signing-secret' } } })
  await eventually('the old one is gone', async () => (await fixture.targetSecret(name)) === undefined, patience)
  const renamed = await fixture.targetSecret('renamed')
  assert.equal(decode(renamed?.data?.['signing-secret']), before)
  await eventually(
    'recorded',
    async () => (await fixture.get(name))?.status?.signingSecret?.name === 'renamed-signing-secret',
    patience,
  )
  assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)
})

test('an API key of another project: the old webhook is deleted there, a new one registered here', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  fixture.admin.createProject('project-b')
  await fixture.putApiKey(fixture.admin.createApiKey('project-b'))
  await eventually(
    'moved',
    () =>
      fixture
        .remotes()
        .map(({ project }) => project)
        .join() === 'project-b',
    patience,
  )
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
})

test('another API key of the same project is recorded, and nothing else happens', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  const before = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await fixture.putApiKey(fixture.admin.createApiKey('project-a'))
  const former = before.status?.webhook?.keyFingerprint
  const after = await eventually(
    'recorded',
    async () => {
      const webhook = await fixture.get(name)
      return webhook?.status?.webhook?.keyFingerprint !== former && webhook
    },
    patience,
  )
  assert.equal(after.status?.webhook?.id, before.status?.webhook?.id)
  const { counts } = fixture.calls()
  assert.equal(counts.create.received, 1)
  assert.equal(counts.delete.received + counts.rotateSigningSecret.received, 0)
})

test('an API key of another project, to a controller that never had the old one: the old webhook is noted, a new one registered', async (t) => {
  const fixture = await startControllerFixture(t)
  const first = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  const { metadata, status } = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await first.stop()
  fixture.admin.createProject('project-b')
  await fixture.putApiKey(fixture.admin.createApiKey('project-b'))
  await fixture.startController()
  await eventually('registered there', () => fixture.remotes().some(({ project }) => project === 'project-b'), patience)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const orphans = await fixture.client.get<ConfigMap>(configMapKind, { namespace: home, name: 'gwh-orphans' })
  const line = JSON.parse(orphans?.data?.[orphanKeyOf(metadata.uid, status?.webhook?.id)] ?? '{}') as Record<
    string,
    string
  >
  assert.deepEqual([line['id'], line['reason']], [status?.webhook?.id, 'ProjectChanged'])
  assert.deepEqual(
    fixture
      .remotes()
      .map(({ project }) => project)
      .toSorted(),
    ['project-a', 'project-b'],
  )
})

for (const policy of ['Delete', 'Retain'] as const) {
  test(`events that are removed and come back, with deletionPolicy ${policy}`, async (t) => {
    const fixture = await startControllerFixture(t)
    await fixture.startController()
    await fixture.putApiKey()
    await fixture.apply(name, { dynamic: {}, deletionPolicy: policy })
    const { metadata } = await fixture.untilCondition(name, 'Ready', { status: 'True' })
    const [before] = fixture.remotes()
    await fixture.patch(name, { spec: { events: null } })
    await fixture.untilCondition(name, 'Registered', { status: 'False', reason: 'NotRequired' })
    const kept = policy === 'Retain'
    await eventually(
      'no secret is told any more',
      async () => (await fixture.keyringEntry(metadata.uid))?.secrets.length === 0,
      patience,
    )
    await eventually('the Secret', async () => ((await fixture.targetSecret(name)) !== undefined) === kept, patience)
    assert.equal(fixture.remotes().length, kept ? 1 : 0)
    await fixture.untilCondition(name, 'Ready', { status: 'True' })

    await fixture.patch(name, { spec: { events: ['batch.failed'] } })
    await fixture.untilCondition(name, 'EndpointVerified', { status: 'True' })
    await fixture.untilCondition(name, 'Ready', { status: 'True' })
    assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
    assert.equal(fixture.remotes()[0]?.id === before?.id, kept)
    assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)
    assert.deepEqual(fixture.remotes()[0]?.subscribedEvents, ['batch.failed'])
  })
}

test('nothing that is written for people holds a secret', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await fixture.patch(name, { spec: { rotation: { request: { id: 'r-1' } } } })
  await eventually('rotated', () => fixture.events.some(({ reason }) => reason === 'Rotated'), patience)
  const secret = await fixture.targetSecret(name)
  const values = [fixture.apiKey, ...decode(secret?.data?.['signing-secrets']).split(' ')]
  assert.equal(values.length, 3)
  const public_ = JSON.stringify([await fixture.get(name), fixture.events, secret?.metadata])
  for (const value of values) assert.ok(!public_.includes(value))
})

const written = (time: string) => JSON.stringify({ time, endpoints: {} })

test('the report of a receiver that is gone is removed, the others stay', async (t) => {
  const fixture = await startControllerFixture(t, { config: { resyncIntervalMs: 400 } })
  await fixture.startController()
  const key = { namespace: home, name: slotName(0) }
  const data = { gone: written('2020-01-01T00:00:00Z'), alive: written('2999-01-01T00:00:00Z') }
  await fixture.client.patch(configMapKind, key, { data }, { type: 'merge' })
  const pods = async () => Object.keys((await fixture.client.get<ConfigMap>(configMapKind, key))?.data ?? {})
  await eventually('pruned', async () => !(await pods()).includes('gone'), patience)
  assert.deepEqual(await pods(), ['alive'])
})

test('of the last receiver that is gone it stays told when that was, until another reports', async (t) => {
  const fixture = await startControllerFixture(t, { config: { resyncIntervalMs: 400 } })
  await fixture.startController()
  const key = { namespace: home, name: slotName(0) }
  const endpoints = { u: { pending: 2, lastVerifiedTime: '2026-01-02T00:00:00Z' } }
  const away = { since: '2025-12-30T00:00:00Z', until: '2026-01-01T10:00:00Z' }
  const last = JSON.stringify({ time: '2026-01-02T00:00:00Z', away, endpoints })
  const data = { before: written('2026-01-01T00:00:00Z'), last }
  await fixture.client.patch(configMapKind, key, { data }, { type: 'merge' })
  const found = async () => (await fixture.client.get<ConfigMap>(configMapKind, key))?.data ?? {}
  const sign = { time: '2026-01-02T00:00:00Z', stopped: true, away, endpoints: {} }
  await eventually('reduced', async () => (await found())['last'] === JSON.stringify(sign), patience)
  assert.deepEqual(Object.keys(await found()), ['last'])

  const now = new Date().toISOString().replace(/:\d\d\.\d+Z$/, ':00Z')
  await fixture.client.patch(configMapKind, key, { data: { alive: written(now) } }, { type: 'merge' })
  await eventually('pruned', async () => !('last' in (await found())), patience)
  assert.deepEqual(Object.keys(await found()), ['alive'])
})

test('what a receiver that is gone left on its volume is remembered, and only that', async (t) => {
  const fixture = await startControllerFixture(t, { config: { resyncIntervalMs: 400 } })
  const running = await fixture.startController()
  const key = { namespace: home, name: slotName(0) }
  const endpoints = { u: { pending: 2, refusingSince: '2020-01-01T00:00:00Z' }, v: { pending: 0 } }
  const report = { time: '2020-01-01T00:00:00Z', ownInbox: true, endpoints }
  await fixture.client.patch(configMapKind, key, { data: { gone: JSON.stringify(report) } }, { type: 'merge' })
  const left = JSON.stringify({ time: report.time, ownInbox: true, stopped: true, endpoints: { u: { pending: 2 } } })
  const found = async () => (await fixture.client.get<ConfigMap>(configMapKind, key))?.data?.['gone']
  await eventually('reduced', async () => (await found()) === left, patience)
  assert.match(await running.scrape(), /^gwh_controller_stranded_deliveries 2$/m)
})

function hourAsReported(hoursAgo: number): string {
  return new Date(Math.floor(Date.now() / 3_600_000 - hoursAgo) * 3_600_000).toISOString().replace('.000Z', 'Z')
}

test('dead letters that a receiver drops become a condition and one Event, and Ready stays as it is', async (t) => {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  const quiet = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(fixture.conditionOf(quiet, 'DeadLettersDropped'), undefined)
  const key = { namespace: home, name: slotName(0) }
  const dropAt = async (lastDropTime: string) => {
    const endpoints = { [quiet.metadata.uid]: { lastDropTime, pending: 0 } }
    const data = { 'receiver-0': JSON.stringify({ endpoints }), 'of-an-older-version': written('2999-01-01T00:00:00Z') }
    await fixture.client.patch(configMapKind, key, { data }, { type: 'merge' })
    await eventually(
      `status tells of ${lastDropTime}`,
      async () => (await fixture.get(name))?.status?.delivery?.lastDropTime === lastDropTime,
      patience,
    )
    return fixture.untilCondition(name, 'DeadLettersDropped', { status: 'True', reason: 'BoundReached' })
  }
  const now = hourAsReported(0)
  await dropAt(hourAsReported(1))
  const dropping = await dropAt(now)
  assert.equal(fixture.conditionOf(dropping, 'Ready')?.status, 'True')
  assert.ok(fixture.conditionOf(dropping, 'DeadLettersDropped')?.message.includes(now))
  assert.equal(fixture.events.filter(({ reason }) => reason === 'DeadLettersDropped').length, 1)
})

test('an event type that this version does not know is a warning in a message, not a refusal', async (t) => {
  const fixture = await startControllerFixture(t, { receiver: 'silent' })
  await fixture.startController()
  await fixture.putApiKey()
  const existing = fixture.admin.createWebhook('project-a', {
    name: 'made by hand',
    uri: 'https://hooks.example.com/v1/s/ml/batch-events',
    subscribedEvents: ['batch.succeeded'],
  })
  fixture.admin.editWebhook(existing.id, { subscribedEvents: ['batch.paused'] })
  await fixture.apply(name, { externalID: existing.id, events: ['batch.paused'] })
  const webhook = await fixture.untilCondition(name, 'InSync', { status: 'True' })
  assert.match(fixture.conditionOf(webhook, 'InSync')?.message ?? '', /warning: .*batch\.paused/)
})

test('a Service that appears after the sink that names it makes the condition true without a resync', async (t) => {
  const fixture = await startControllerFixture(t, { config: { sinkRecheckMs: 100, resyncIntervalMs: 3_600_000 } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name, { sinks: [{ name: 'worker', service: { name: 'worker' } }] })
  const missing = await fixture.untilCondition(name, 'SinksResolved', { status: 'False', reason: 'SinkInvalid' })
  assert.match(fixture.conditionOf(missing, 'SinksResolved')?.message ?? '', /Service ml\/worker does not exist/)
  await fixture.untilCondition(name, 'EndpointVerified', { status: 'True' })
  await fixture.client.create<Service>(serviceKind, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: tenant, name: 'worker' },
    spec: { selector: { app: 'worker' }, ports: [{ port: 80 }] },
  })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
})

test('a leader that stores its secret after a newer one rotated it loses, and nothing is overwritten', async (t) => {
  const fixture = await startControllerFixture(t)
  let newer: { secret: string } | undefined
  await fixture.startController(async (moment, call) => {
    if (newer !== undefined || moment !== 'after' || call !== 'create webhook at Google') return
    const [remote] = fixture.remotes()
    const target = await fixture.targetSecret(name)
    assert.ok(remote !== undefined && target !== undefined)
    fixture.admin.rotateWebhook(remote.id)
    const secret = fixture.admin.secrets(remote.id).find(({ expireMs }) => expireMs === undefined)?.secret ?? ''
    newer = { secret }
    const base64 = Buffer.from(secret).toString('base64')
    const data = { 'signing-secret': base64, 'signing-secrets': base64 }
    await fixture.client.replace<Secret>(secretKind, { ...target, data })
  })
  await fixture.putApiKey()
  await fixture.apply(name)
  const webhook = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(decode((await fixture.targetSecret(name))?.data?.['signing-secret']), newer?.secret)
  assert.equal((await fixture.keyringEntry(webhook.metadata.uid))?.secrets[0]?.secret, newer?.secret)
  assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0, 'and nothing is rotated once more')
  assert.equal(fixture.remotes().length, 1)
})

for (const { view, watchNamespaces, pruned } of [
  { view: 'all namespaces', watchNamespaces: undefined, pruned: true },
  { view: 'some namespaces', watchNamespaces: [tenant], pruned: false },
]) {
  test(`keyring entries of objects that do not exist are ${pruned ? 'removed' : 'kept'} by a controller that sees ${view}`, async (t) => {
    const times = { confirmIntervalMs: 100, resyncIntervalMs: 150 }
    const config = { ...times, ...(watchNamespaces !== undefined && { watchNamespaces }) }
    const fixture = await startControllerFixture(t, { config })
    await fixture.startController()
    await fixture.putApiKey()
    await fixture.apply(name)
    const { metadata } = await fixture.untilCondition(name, 'Ready', { status: 'True' })
    const shard = { namespace: home, name: keyringSecretNameFor(metadata.uid) }
    const neighbours = Array.from({ length: 1000 }, (_, index) => `uid-${index}`)
    const stray = neighbours.find((uid) => keyringSecretNameFor(uid) === shard.name) ?? ''
    await fixture.client.patch<Secret>(secretKind, shard, { data: { [stray]: 'e30=' } }, { type: 'merge' })
    const entries = async () => Object.keys((await fixture.client.get<Secret>(secretKind, shard))?.data ?? {})
    const lists = fixture.calls().counts.list.received
    await eventually('rounds of housekeeping', () => fixture.calls().counts.list.received >= lists + 4, patience)
    if (pruned) await eventually('pruned', async () => !(await entries()).includes(stray), patience)
    assert.deepEqual((await entries()).toSorted(), pruned ? [metadata.uid] : [metadata.uid, stray].toSorted())
  })
}
