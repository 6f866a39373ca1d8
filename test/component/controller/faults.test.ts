import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 60_000, intervalMs: 20 }
const short = {
  callTimeoutMs: 500,
  settleExtraMs: 500,
  confirmIntervalMs: 150,
  receiverSeenWaitMs: 10,
  resyncIntervalMs: 400,
} as const

const verbs = ['list', 'get', 'create', 'update', 'rotateSigningSecret', 'ping', 'delete'] as const

const effects = [
  { type: 'hang', when: 'afterCommit' },
  { type: 'reset', when: 'beforeCommit' },
  { type: 'reset', when: 'afterCommit' },
  { type: 'status', status: 408 },
  { type: 'status', status: 409 },
  { type: 'status', status: 429, retryAfter: '1' },
  { type: 'status', status: 500, when: 'afterCommit' },
  { type: 'status', status: 503, shape: 'html' },
  { type: 'status', status: 400, shape: 'interactions' },
  { type: 'garble', how: 'noContentType' },
  { type: 'garble', how: 'truncated' },
] as const

/** A whole life: registered, changed, rotated, deleted; the same fault strikes each kind of call once on the way. */
describe('a life in which every call fails once', { concurrency: 4 }, () => {
  for (const effect of effects) {
    test(`with ${JSON.stringify(effect)}`, async (t) => {
      const fixture = await startControllerFixture(t, { config: short })
      for (const verb of verbs) fixture.admin.addFault({ verb, effect })
      await fixture.startController()
      await fixture.putApiKey()
      await fixture.apply(name)
      await fixture.untilCondition(name, 'Ready', { status: 'True' })
      assert.equal(fixture.remotes().length, 1)
      assert.equal(await fixture.secretVerifiesNextDelivery(name), true)

      await fixture.patch(name, { spec: { events: ['batch.failed'], rotation: { request: { id: 'r-1' } } } })
      await eventually(
        'changed and rotated',
        async () => {
          const status = (await fixture.get(name))?.status
          const isHandled = status?.rotation?.handledRequestIDs?.includes('r-1') === true
          return isHandled && fixture.remotes()[0]?.subscribedEvents.join() === 'batch.failed'
        },
        patience,
      )
      await fixture.untilCondition(name, 'Ready', { status: 'True' })
      assert.equal(fixture.remotes().length, 1)
      assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
      assert.equal(fixture.calls().counts.create.committed, 1)

      await fixture.remove(name)
      await eventually('gone', async () => (await fixture.get(name)) === undefined, patience)
      assert.deepEqual(fixture.remotes(), [])
    })
  }
})

test('lists that lag behind every change make no duplicate, no false loss and no needless rotation', async (t) => {
  const fixture = await startControllerFixture(t, {
    config: { ...short, confirmIntervalMs: 600, resyncIntervalMs: 700 },
  })
  fixture.admin.addFault({ verb: 'list', times: 0, effect: { type: 'lag', ms: 300 } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await fixture.patch(name, { spec: { rotation: { request: { id: 'r-1' } } } })
  await eventually(
    'rotated',
    async () => (await fixture.get(name))?.status?.rotation?.handledRequestIDs?.includes('r-1') === true,
    patience,
  )
  const lists = fixture.calls().counts.list.received
  await eventually('some resyncs later', () => fixture.calls().counts.list.received >= lists + 3, patience)
  assert.equal(fixture.remotes().length, 1)
  assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
  const { counts } = fixture.calls()
  assert.equal(counts.create.received, 1)
  assert.equal(counts.rotateSigningSecret.received, 1)
})
