import assert from 'node:assert/strict'
import { test } from 'node:test'

import { abandonAnnotation } from '../../../src/api/names.ts'
import { configMapKind, type ConfigMap } from '../../../src/kubernetes/core-kinds.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { home, startControllerFixture } from '../../support/worlds/controller-fixture.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }
const key = { namespace: home, name: 'gwh-pause' }

/** Passes over webhooks that have ended, by a scrape. */
const passesIn = (scrape: string) =>
  [...scrape.matchAll(/^gwh_reconcile_total\{controller="webhooks",[^}]*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  )

async function aWorld(t: Parameters<typeof startControllerFixture>[0], config = {}) {
  const it = await startControllerFixture(t, { config })
  await it.putApiKey()
  const pause = (reason?: string) =>
    it.client.create<ConfigMap>(configMapKind, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: key,
      ...(reason !== undefined && { data: { reason } }),
    })
  return {
    ...it,
    pause,
    resume: () => it.client.delete(configMapKind, key),
    /** Waits until so many passes more have ended. */
    async passes(running: Awaited<ReturnType<typeof it.startController>>, count: number): Promise<void> {
      const from = passesIn(await running.scrape())
      const enough = async () => passesIn(await running.scrape()) >= from + count
      await eventually(`${count} passes`, enough, patience)
    },
    /** Of Google, all of them. */
    received: () => Object.values(it.calls().counts).reduce((sum, { received }) => sum + received, 0),
  }
}

test('a pause holds every object: none calls Google however often it is looked at, and receivers keep what they need', async (t) => {
  const it = await aWorld(t, { resyncIntervalMs: 50 })
  const running = await it.startController()
  const names = [name, 'other-events']
  for (const each of names) await it.apply(each)
  for (const each of names) await it.untilCondition(each, 'Ready', { status: 'True' })
  assert.match(await running.scrape(), /^gwh_controller_paused 0$/m)

  await it.pause('the project is moved')
  for (const each of names) await it.untilCondition(each, 'Ready', { status: 'False', reason: 'Suspended' })
  const { metadata } = (await it.client.get<ConfigMap>(configMapKind, key)) ?? assert.fail()
  const webhook = await it.untilCondition(name, 'Stalled', { status: 'True', reason: 'Suspended' })
  const { creationTimestamp: since = '' } = metadata as { creationTimestamp?: string }
  assert.equal(
    it.conditionOf(webhook, 'Ready')?.message,
    `the whole installation is paused since ${since} (the project is moved): no calls to Google are made until "gwh resume", which deletes ConfigMap ${home}/gwh-pause`,
  )
  assert.match(await running.scrape(), /^gwh_controller_paused 1$/m)
  assert.equal(
    it.events.filter(({ reason }) => reason === 'Stalled').length,
    0,
    'somebody wanted it: nobody is alarmed',
  )

  it.admin.resetCalls()
  const { resourceVersion } = (await it.get(name))?.metadata ?? {}
  await it.patch('other-events', { spec: { events: ['batch.failed'], rotation: { request: { id: 'meanwhile' } } } })
  await it.apply('new-events')
  await it.untilCondition('new-events', 'Ready', { reason: 'Suspended' })
  await it.passes(running, 100)
  assert.equal(it.received(), 0)
  assert.equal((await it.get(name))?.metadata.resourceVersion, resourceVersion, 'it is told once')
  assert.equal((await it.keyringEntry(webhook.metadata.uid))?.secrets.length, 1)
  assert.equal(await it.secretVerifiesNextDelivery(name), true)

  await it.resume()
  for (const each of [...names, 'new-events']) await it.untilCondition(each, 'Ready', { status: 'True' })
  const other = await it.untilCondition('other-events', 'InSync', { status: 'True' })
  assert.deepEqual(other.status?.webhook?.events, ['batch.failed'], 'what was wanted meanwhile is done')
  await eventually(
    'the rotation that was asked for',
    async () => (await it.get('other-events'))?.status?.rotation?.handledRequestIDs?.includes('meanwhile'),
    patience,
  )
  assert.match(await running.scrape(), /^gwh_controller_paused 0$/m)
})

test('a controller that starts while the installation is paused makes no call, not even its first', async (t) => {
  const it = await aWorld(t, { resyncIntervalMs: 50 })
  const first = await it.startController()
  await it.apply(name)
  await it.untilCondition(name, 'Ready', { status: 'True' })
  await first.stop()
  await it.pause()
  it.admin.resetCalls()
  const second = await it.startController()
  const webhook = await it.untilCondition(name, 'Ready', { reason: 'Suspended' })
  assert.match(it.conditionOf(webhook, 'Ready')?.message ?? '', /^the whole installation is paused since \S+: no calls/)
  await it.passes(second, 20)
  assert.equal(it.received(), 0)
  await it.resume()
  await it.untilCondition(name, 'Ready', { status: 'True' })
})

test('a deletion waits for the end of a pause, says so, and can be let go without Google', async (t) => {
  const it = await aWorld(t)
  await it.startController()
  for (const each of [name, 'let-go']) await it.apply(each)
  for (const each of [name, 'let-go']) await it.untilCondition(each, 'Ready', { status: 'True' })
  await it.pause()
  for (const each of [name, 'let-go']) {
    await it.remove(each)
    const webhook = await it.untilCondition(each, 'Ready', { status: 'False', reason: 'Suspended' })
    const told = await eventually(
      'it says how to let it go',
      async () => {
        const seen = it.conditionOf(await it.get(each), 'Stalled')?.message
        return seen?.includes('to let the object go') === true && seen
      },
      patience,
    )
    assert.ok(told.includes(abandonAnnotation) && told.includes('deletionPolicy'), told)
    assert.equal(webhook.metadata.deletionTimestamp === undefined, false)
  }
  assert.equal(it.remotes().length, 2)
  await it.patch('let-go', { metadata: { annotations: { [abandonAnnotation]: 'true' } } })
  await it.untilGone('let-go')
  assert.equal(it.remotes().length, 2, 'nothing was deleted at Google')
  await it.resume()
  await it.untilGone(name)
  assert.equal(it.remotes().length, 1)
})
