import assert from 'node:assert/strict'
import { test } from 'node:test'

import { installationAnnotation, reconcileRequestedAtAnnotation } from '../../../src/api/names.ts'
import { markerOf, remoteNameOf } from '../../../src/controller/facts/ownership.ts'
import { startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const second = { namespace: 'team-system', baseUrl: 'https://team-hooks.example.com', installationId: 'team-ml-01' }

type Fixture = Awaited<ReturnType<typeof startControllerFixture>>
type Running = Awaited<ReturnType<Fixture['startInstallation']>>

async function metric(running: Running, wanted: string): Promise<number> {
  const line = (await running.scrape()).split('\n').find((each) => each.startsWith(`${wanted} `))
  return Number(line?.split(' ')[1] ?? 0)
}

const writesOf = (running: Running) => metric(running, 'gwh_controller_status_writes_total')

/** The first installation serves the object and is at rest; the second comes. */
async function serve(t: Parameters<typeof startControllerFixture>[0], id: string | undefined) {
  const fixture = await startControllerFixture(t, { config: id === undefined ? {} : { installationId: id } })
  const first = await fixture.startController()
  await fixture.putApiKey()
  // Receivers of the second installation are not played.
  await fixture.apply(name, { endpointCheck: 'Never' })
  const before = await eventually('it is Ready and at rest', async () => {
    const webhook = await fixture.get(name)
    const isReady = fixture.conditionOf(webhook, 'Ready')?.status === 'True'
    return isReady && fixture.conditionOf(webhook, 'Reconciling') === undefined && webhook
  })
  return { fixture, first, before }
}

/** Asks for a look, sees who answers, and gives everybody else the same events to react to. */
async function askForALook({ fixture, at }: { fixture: Fixture; at: string }) {
  await fixture.patch(name, { metadata: { annotations: { [reconcileRequestedAtAnnotation]: at } } })
  return eventually('the request is acknowledged', async () => {
    const webhook = await fixture.get(name)
    return webhook?.status?.lastHandledReconcileAt === at && webhook
  })
}

const others = [
  { name: 'an id of its own', first: 'cluster-wide-01', second },
  { name: 'the same id', first: 'cluster-wide-01', second: { ...second, installationId: 'cluster-wide-01' } },
  {
    name: 'no id, where one was minted',
    first: undefined,
    second: { namespace: second.namespace, baseUrl: second.baseUrl },
  },
]
for (const { name: what, first: firstId, second: config } of others) {
  test(`a second installation with ${what} that sees an object of the first never writes it`, async (t) => {
    const { fixture, first, before } = await serve(t, firstId)
    const other = await fixture.startInstallation(config)
    await eventually('it is seen and left', async () => (await metric(other, 'gwh_controller_left_objects')) === 1)
    fixture.admin.resetCalls()
    assert.equal((await fixture.get(name))?.metadata.resourceVersion, before.metadata.resourceVersion)
    const writes = await writesOf(first)
    for (const at of ['one', 'two', 'three']) await askForALook({ fixture, at })
    const after = await fixture.get(name)
    assert.equal(fixture.conditionOf(after, 'Ready')?.status, 'True')
    assert.equal(after?.status?.installationToken, before.status?.installationToken)
    assert.equal(await writesOf(other), 0)
    assert.equal(await writesOf(first), writes + 3, 'one for each request')
    const { counts } = fixture.calls()
    assert.equal(counts.create.received + counts.update.received + counts.rotateSigningSecret.received, 0)
  })
}

test('of two installations that see a new object at the same moment one serves it, and it has one webhook', async (t) => {
  const fixture = await startControllerFixture(t, { config: { installationId: 'cluster-wide-01' } })
  const running = [await fixture.startController(), await fixture.startInstallation(second)]
  await fixture.putApiKey()
  const names = ['one', 'two', 'three', 'four']
  await Promise.all(names.map((each) => fixture.apply(each, { endpointCheck: 'Never' })))
  for (const each of names) await fixture.untilCondition(each, 'Ready', { status: 'True' })
  assert.equal(fixture.remotes().length, names.length)
  assert.equal(fixture.calls().counts.create.received, names.length)
  const left = await Promise.all(running.map((each) => metric(each, 'gwh_controller_left_objects')))
  assert.equal(
    left.reduce((sum, each) => sum + each, 0),
    names.length,
    'each object is left by exactly one',
  )
  for (const each of names) assert.equal(await fixture.secretVerifiesNextDelivery(each), true)
})

test('the annotation moves an object to another installation: same webhook, same secret, and the former lets go', async (t) => {
  const { fixture, first, before } = await serve(t, 'cluster-wide-01')
  const other = await fixture.startInstallation(second)
  await eventually('it is seen and left', async () => (await metric(other, 'gwh_controller_left_objects')) === 1)
  const [remote] = fixture.remotes()

  await fixture.patch(name, { metadata: { annotations: { [installationAnnotation]: second.installationId } } })
  const moved = await eventually('the second serves it', async () => {
    const webhook = await fixture.get(name)
    const isMoved = webhook?.status?.webhook?.uri?.startsWith(second.baseUrl)
    return isMoved && fixture.conditionOf(webhook, 'Ready')?.status === 'True' && webhook
  })
  const { installationID, installationToken = '', formerInstallation } = moved.status ?? {}
  assert.equal(installationID, second.installationId)
  assert.notEqual(installationToken, before.status?.installationToken)
  assert.equal(formerInstallation, undefined, 'the webhook carries the marker of the second: the first means nothing')
  const [after, ...more] = fixture.remotes()
  assert.equal(more.length, 0)
  assert.equal(after?.id, remote?.id)
  const marker = markerOf(second.installationId, { namespace: tenant, name })
  assert.equal(after?.name, remoteNameOf({ marker, token: installationToken }, undefined))
  assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)
  assert.equal(await fixture.secretVerifiesNextDelivery(name), true)

  await eventually('the first has let go', async () => (await metric(first, 'gwh_controller_left_objects')) === 1)
  const writes = await writesOf(first)
  await askForALook({ fixture, at: 'after the move' })
  assert.equal(await writesOf(first), writes)
  await eventually(
    'receivers of the first forget it',
    async () => (await fixture.keyringEntry(moved.metadata.uid)) === undefined,
  )
})

test('a deletion belongs to the installation that serves the object; the annotation gives it to another one', async (t) => {
  const { fixture, first } = await serve(t, 'cluster-wide-01')
  const other = await fixture.startInstallation(second)
  await eventually('it is seen and left', async () => (await metric(other, 'gwh_controller_left_objects')) === 1)
  await first.stop()
  await fixture.remove(name)
  await eventually('the deletion is asked for', async () => (await fixture.get(name))?.metadata.deletionTimestamp)
  await fixture.patch(name, { metadata: { labels: { look: 'again' } } })
  assert.equal(fixture.remotes().length, 1)
  assert.equal(await writesOf(other), 0)

  await fixture.patch(name, { metadata: { annotations: { [installationAnnotation]: second.installationId } } })
  await fixture.untilGone(name)
  assert.equal(fixture.remotes().length, 0)
  assert.equal(await fixture.targetSecret(name), undefined)
})

test('a second cluster with the same installation id stands back by name, and touches nothing of the first', async (t) => {
  const config = { installationId: 'prod-eu-01' }
  const one = await startControllerFixture(t, { config })
  await one.startController()
  await one.putApiKey()
  await one.apply(name)
  const served = await one.untilCondition(name, 'Ready', { status: 'True' })

  const two = await startControllerFixture(t, { config, service: one })
  await two.startController()
  await two.putApiKey()
  await two.apply(name)
  const refused = await two.untilCondition(name, 'Stalled', { status: 'True', reason: 'OwnedByAnotherInstallation' })
  const { message = '' } = two.conditionOf(refused, 'Stalled') ?? {}
  for (const part of ['prod-eu-01', `@${served.status?.installationToken}`, `@${refused.status?.installationToken}`])
    assert.ok(message.includes(part), `${part} in: ${message}`)

  await two.remove(name)
  await two.untilGone(name)
  const { counts } = one.calls()
  assert.equal(counts.create.received, 1)
  assert.equal(counts.update.received + counts.rotateSigningSecret.received + counts.delete.received, 0)
  assert.equal(one.remotes().length, 1)
  assert.equal(await one.secretVerifiesNextDelivery(name), true)
})

test('two clusters of one id that register at the same moment keep what each has, say so, and delete only their own', async (t) => {
  const config = { installationId: 'prod-eu-01' }
  const one = await startControllerFixture(t, { config })
  const two = await startControllerFixture(t, { config, service: one })
  let applied = false
  await one.startController(async (moment, call) => {
    if (applied || moment !== 'before' || call !== 'create webhook at Google') return
    applied = true
    await two.startController()
    await two.putApiKey()
    await two.apply(name)
    await two.untilCondition(name, 'Registered', { status: 'True' })
  })
  await one.putApiKey()
  await one.apply(name)
  for (const cluster of [one, two]) {
    const told = await cluster.untilCondition(name, 'Stalled', { reason: 'OwnedByAnotherInstallation' })
    assert.match(cluster.conditionOf(told, 'Stalled')?.message ?? '', /same installationId prod-eu-01/)
    assert.equal(await cluster.secretVerifiesNextDelivery(name), true)
  }
  assert.equal(one.remotes().length, 2)
  await two.remove(name)
  await two.untilGone(name)
  const kept = (await one.get(name))?.status?.webhook?.id
  assert.deepEqual(
    one.remotes().map(({ id }) => id),
    [kept],
  )
  await one.untilCondition(name, 'Ready', { status: 'True' })
})

test('two clusters that fought since before there were tokens: one puts its own in, the other stops', async (t) => {
  const config = { installationId: 'prod-eu-01', fenceSpreadMs: 0, repairWindowMs: 24 * 3_600_000 }
  const one = await startControllerFixture(t, { config })
  one.admin.createWebhook('project-a', {
    name: markerOf(config.installationId, { namespace: tenant, name }),
    uri: `https://hooks.example.com/v1/s/${tenant}/${name}`,
    subscribedEvents: ['batch.succeeded'],
  })
  await one.startController()
  await one.putApiKey()
  await one.apply(name)
  await one.untilCondition(name, 'Ready', { status: 'True' })
  const two = await startControllerFixture(t, { config, service: one })
  await two.startController()
  await two.putApiKey()
  await two.apply(name)
  await two.untilCondition(name, 'Stalled', { status: 'True', reason: 'OwnedByAnotherInstallation' })
  assert.equal(one.calls().counts.rotateSigningSecret.received, 1, 'the adoption of the first')
  assert.equal(await one.secretVerifiesNextDelivery(name), true)
})

test('a cluster that was rebuilt takes its webhooks back once a person says that it replaces the former', async (t) => {
  const config = { installationId: 'prod-eu-01' }
  const former = await startControllerFixture(t, { config })
  const lost = await former.startController()
  await former.putApiKey()
  await former.apply(name)
  const before = await former.untilCondition(name, 'Ready', { status: 'True' })
  await lost.stop()

  const rebuilt = await startControllerFixture(t, { config, service: former })
  await rebuilt.startController()
  await rebuilt.putApiKey()
  await rebuilt.apply(name)
  const told = await rebuilt.untilCondition(name, 'Stalled', { reason: 'OwnedByAnotherInstallation' })
  const token = /add ([0-9a-f]{8}) to formerTokens/.exec(rebuilt.conditionOf(told, 'Stalled')?.message ?? '')?.[1]
  assert.equal(token, before.status?.installationToken)
  await rebuilt.confirmToken(token ?? '')
  await rebuilt.untilCondition(name, 'Ready', { status: 'True' })
  const [remote, ...more] = rebuilt.remotes()
  assert.equal(more.length, 0)
  assert.equal(remote?.id, before.status?.webhook?.id)
  assert.equal(rebuilt.calls().counts.rotateSigningSecret.received, 1, 'nobody holds the secret any more')
  assert.equal(await rebuilt.secretVerifiesNextDelivery(name), true)
})
