import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 6_000 }
const uri = (sink: string) => `https://${sink}.example.com/`

test('a suspended sink is held and told as that, the others go on, and it is told since when it goes on', async (t) => {
  const fixture = await startControllerFixture(t, {})
  await fixture.startController()
  await fixture.putApiKey()
  const audit = { name: 'audit', uri: uri('audit') }
  const orders = { name: 'orders', uri: uri('orders') }
  await fixture.apply(name, { sinks: [orders, audit] })
  const { metadata } = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const entryThat = (what: string, holds: (entry: Awaited<ReturnType<typeof fixture.keyringEntry>>) => boolean) =>
    eventually(
      what,
      async () => {
        const entry = await fixture.keyringEntry(metadata.uid)
        return holds(entry) && entry
      },
      patience,
    )

  await fixture.patch(name, { spec: { sinks: [{ ...orders, suspend: true }, audit] } })
  const held = await entryThat('receivers are told', (entry) => entry?.suspensions !== undefined)
  assert.deepEqual(held.suspensions, [{ sink: 'orders', suspended: true }])
  assert.deepEqual(held.heldSinks, ['orders'], 'an older receiver makes no attempt either')
  assert.deepEqual(
    held.sinks.map((sink) => sink.name),
    ['audit'],
  )
  const told = await eventually(
    'the status tells it',
    async () => {
      const webhook = await fixture.get(name)
      return webhook?.status?.sinks?.[0]?.reason === 'Suspended' && webhook
    },
    patience,
  )
  assert.deepEqual(told.status?.sinks?.[0], {
    name: 'orders',
    address: uri('orders'),
    ready: false,
    reason: 'Suspended',
  })
  for (const type of ['Ready', 'SinksResolved']) assert.equal(fixture.conditionOf(told, type)?.status, 'True', type)

  const beforeMs = Date.now()
  await fixture.patch(name, { spec: { sinks: [orders, audit] } })
  const resumed = await entryThat('it goes on', (entry) => entry?.heldSinks === undefined)
  const [suspension] = resumed.suspensions ?? []
  assert.ok(Date.parse(suspension?.resumedTime ?? '') >= beforeMs - 1, JSON.stringify(suspension))
  assert.equal(suspension?.suspended, undefined)
  assert.deepEqual(
    resumed.sinks.map((sink) => sink.name),
    ['orders', 'audit'],
  )
})
