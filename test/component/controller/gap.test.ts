import assert from 'node:assert/strict'
import { test } from 'node:test'

import { eventually } from '../../support/measures/eventually.ts'
import { startControllerFixture } from '../../support/worlds/controller-fixture.ts'

const name = 'batch-events'

async function startReady(t: Parameters<typeof startControllerFixture>[0]) {
  const fixture = await startControllerFixture(t)
  const controller = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  return { ...fixture, controller }
}

test('a webhook that Google disabled has a gap, from before it was disabled until it is enabled, across a restart', async (t) => {
  const it = await startReady(t)
  assert.equal((await it.get(name))?.status?.gap, undefined)
  it.probe.outcome = { healthy: false, cause: 'Tls' }
  it.admin.autoDisable(it.remotes()[0]?.id ?? '')
  const disabled = await it.untilCondition(name, 'DeliveriesComplete', { status: 'False', reason: 'DisabledByGoogle' })
  const { gap, webhook } = disabled.status ?? {}
  assert.ok(webhook?.disabledSince)
  assert.equal(gap?.until, undefined)
  assert.ok(Date.parse(gap?.since ?? '') >= Date.parse(disabled.metadata.creationTimestamp))
  assert.ok(Date.parse(gap?.since ?? '') <= Date.parse(webhook.disabledSince))

  await it.controller.stop()
  await it.startController()
  it.probe.outcome = { healthy: true }
  const enabled = await eventually('it is enabled', async () => {
    const found = await it.get(name)
    return found?.status?.gap?.until === undefined ? undefined : found
  })
  assert.deepEqual([enabled.status?.gap?.since, enabled.status?.gap?.cause], [gap?.since, 'DisabledByGoogle'])
  assert.equal(enabled.status?.webhook?.disabledSince, undefined)
  assert.equal(it.conditionOf(enabled, 'DeliveriesComplete')?.status, 'False')
  await it.untilCondition(name, 'Ready', { status: 'True' })
  const note = it.events.find(({ reason }) => reason === 'Reenabled')?.note ?? ''
  assert.ok(note.endsWith(`Google had it disabled for 0 min, since ${webhook.disabledSince}`), note)
})
