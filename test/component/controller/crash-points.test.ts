import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startControllerFixture, type WriteHook } from '../../support/controller-fixture.ts'
import { eventually } from '../../support/eventually.ts'

const name = 'batch-events'
const short = {
  callTimeoutMs: 200,
  settleExtraMs: 200,
  confirmIntervalMs: 100,
  receiverSeenWaitMs: 10,
  resyncIntervalMs: 300,
} as const
const patience = { timeoutMs: 10_000, intervalMs: 20 }

/** From the k-th write on the process is dead: nothing that it still tries gets out, and nothing that it was told is remembered. */
function dieAt(point: number): { hook: WriteHook; points: () => number; where: () => string } {
  let count = 0
  let where = ''
  const hook: WriteHook = (moment, call) => {
    if (where !== '' && moment === 'before') throw new Error('dead')
    count += 1
    if (count === point && where === '') {
      where = `${moment} ${call}`
      throw new Error('killed')
    }
  }
  return { hook, points: () => count, where: () => where }
}

async function run(t: Parameters<typeof startControllerFixture>[0], point: number) {
  const fixture = await startControllerFixture(t, { config: short })
  await fixture.putApiKey()
  const death = dieAt(point)
  const first = await fixture.startController(death.hook).catch(() => undefined)
  await fixture.apply(name)
  if (point === Infinity) await fixture.untilCondition(name, 'Ready', { status: 'True' })
  else await eventually('killed', () => death.where() !== '', patience)
  await first?.stop()
  if (point !== Infinity) {
    await fixture.startController()
    await fixture.untilCondition(name, 'Ready', { status: 'True' })
  }
  return { fixture, death }
}

test('killed before or after any write of a create, the next controller ends with one webhook and a Secret that verifies', async (t) => {
  const whole = await run(t, Infinity)
  const points = whole.death.points()
  t.diagnostic(`${points} points of death`)
  assert.ok(points >= 14, 'finalizer, Secret, intent, create, Secret, keyring, status, each before and after')
  await Promise.all(
    Array.from({ length: points }, (_, index) =>
      t.test(`point ${index + 1}`, async (sub) => {
        const { fixture, death } = await run(sub, index + 1)
        sub.diagnostic(death.where())
        assert.equal(fixture.remotes().length, 1)
        assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
        const webhook = await fixture.get(name)
        assert.equal(webhook?.status?.operation, undefined)
      }),
    ),
  )
})

for (const effect of [
  { type: 'reset', when: 'afterCommit' },
  { type: 'hang', when: 'afterCommit' },
  { type: 'reset', when: 'beforeCommit' },
  { type: 'status', status: 503, when: 'afterCommit' },
  { type: 'garble', how: 'html' },
] as const) {
  test(`a create whose answer is lost (${JSON.stringify(effect)}) ends with one webhook and a Secret that verifies`, async (t) => {
    const fixture = await startControllerFixture(t, { config: short })
    fixture.admin.addFault({ verb: 'create', effect })
    await fixture.startController()
    await fixture.putApiKey()
    await fixture.apply(name)
    await fixture.untilCondition(name, 'Ready', { status: 'True' })
    assert.equal(fixture.remotes().length, 1)
    assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
    assert.equal(fixture.calls().counts.create.committed, 1)
  })
}

test('a rotation whose answer is lost is done again, and the Secret verifies', async (t) => {
  const fixture = await startControllerFixture(t, { config: short })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  fixture.admin.addFault({ verb: 'rotateSigningSecret', effect: { type: 'reset', when: 'afterCommit' } })
  await fixture.patch(name, { spec: { rotation: { request: { id: 'leak-1' } } } })
  await eventually(
    'handled and verifying',
    async () =>
      (await fixture.get(name))?.status?.rotation?.handledRequestIDs?.includes('leak-1') === true &&
      (await fixture.secretVerifiesNextDelivery(name)),
    patience,
  )
  assert.equal(fixture.calls().counts.rotateSigningSecret.committed, 2)
  assert.equal(fixture.remotes().length, 1)
})
