import assert from 'node:assert/strict'
import { test } from 'node:test'

import { decode, home, startControllerFixture, type WriteHook } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { makeReportMaps } from '../../support/builders/report-maps.ts'

const name = 'batch-events'
const short = {
  callTimeoutMs: 500,
  settleExtraMs: 500,
  confirmIntervalMs: 100,
  receiverSeenWaitMs: 10,
  resyncIntervalMs: 300,
} as const
const patience = { timeoutMs: 40_000, intervalMs: 20 }

/**
 * From the k-th write on the process is dead: nothing that it still tries gets out, and nothing that it was told is
 * remembered.
 */
function dieAt(point: number) {
  const dead = new AbortController()
  let count = 0
  let where = ''
  const hook: WriteHook = (moment, call) => {
    if (where !== '' && moment === 'before') throw new Error('dead')
    count += 1
    if (count === point && where === '') {
      where = `${moment} ${call}`
      dead.abort()
      throw new Error('killed')
    }
  }
  return { hook, signal: dead.signal, points: () => count, where: () => where }
}

type Fixture = Awaited<ReturnType<typeof startControllerFixture>>

interface Scenario {
  name: string
  /** What is there before the process that dies starts. */
  prepare: (fixture: Fixture) => Promise<unknown>
  /** What that process is asked to do. */
  cause: (fixture: Fixture) => Promise<unknown>
  /** At rest again. */
  done: (fixture: Fixture) => Promise<unknown>
  verify: (fixture: Fixture) => Promise<void>
  /** Fewer points of death than this means that the scenario did not do what it says. */
  leastPoints: number
}

async function makeReady(fixture: Fixture): Promise<void> {
  const running = await fixture.startController()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await running.stop()
}

async function verifyPair(fixture: Fixture): Promise<void> {
  assert.equal(fixture.remotes().length, 1)
  assert.equal(await fixture.secretVerifiesNextDelivery(name), true)
  const webhook = await fixture.get(name)
  assert.equal(webhook?.status?.operation, undefined)
  const held = await fixture.keyringEntry(webhook?.metadata.uid ?? '')
  const secret = await fixture.targetSecret(name)
  assert.equal(held?.secrets[0]?.secret, decode(secret?.data?.['signing-secret']))
}

async function untilRotated(fixture: Fixture, id: string): Promise<void> {
  await eventually(
    'rotated',
    async () => {
      const status = (await fixture.get(name))?.status
      return status?.operation === undefined && status?.rotation?.handledRequestIDs?.includes(id) === true
    },
    patience,
  )
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
}

const rotate = (revokePrevious: 'AfterGracePeriod' | 'Immediately'): Scenario => ({
  name: `a rotation with ${revokePrevious}`,
  prepare: makeReady,
  cause: (fixture) => fixture.patch(name, { spec: { rotation: { request: { id: 'r-1', revokePrevious } } } }),
  done: (fixture) => untilRotated(fixture, 'r-1'),
  verify: verifyPair,
  leastPoints: 10,
})

const scenarios: Scenario[] = [
  {
    name: 'a create',
    prepare: ({ client }) => makeReportMaps(client, home),
    cause: (fixture) => fixture.apply(name),
    done: (fixture) => fixture.untilCondition(name, 'Ready', { status: 'True' }),
    verify: verifyPair,
    leastPoints: 14,
  },
  rotate('AfterGracePeriod'),
  rotate('Immediately'),
  {
    name: 'a change of spec',
    prepare: makeReady,
    cause: (fixture) => fixture.patch(name, { spec: { events: ['batch.failed'] } }),
    done: (fixture) =>
      eventually('updated', () => fixture.remotes()[0]?.subscribedEvents.join() === 'batch.failed', patience),
    verify: verifyPair,
    leastPoints: 4,
  },
  {
    name: 'a delete',
    prepare: makeReady,
    cause: (fixture) => fixture.remove(name),
    done: (fixture) => fixture.untilGone(name),
    verify: async (fixture) => {
      assert.deepEqual(fixture.remotes(), [])
      assert.equal(await fixture.targetSecret(name), undefined)
    },
    leastPoints: 8,
  },
]

async function run(t: Parameters<typeof startControllerFixture>[0], scenario: Scenario, point: number) {
  const fixture = await startControllerFixture(t, { config: short })
  await fixture.putApiKey()
  await scenario.prepare(fixture)
  const death = dieAt(point)
  const first = await fixture.startController(death.hook, death.signal).catch(() => undefined)
  await scenario.cause(fixture)
  if (point === Infinity) {
    await scenario.done(fixture)
  } else {
    await eventually('killed', () => death.where() !== '', patience)
    await first?.stop()
    await fixture.startController()
    await scenario.done(fixture)
  }
  await first?.stop()
  return { fixture, death }
}

for (const scenario of scenarios) {
  test(
    `killed before or after any write of ${scenario.name}, the next controller ends it as it should end`,
    { concurrency: 4 },
    async (t) => {
      const whole = await run(t, scenario, Infinity)
      await scenario.verify(whole.fixture)
      const points = whole.death.points()
      t.diagnostic(`${points} points of death`)
      assert.ok(points >= scenario.leastPoints, `${points} points`)
      const numbers = Array.from({ length: points }, (_, index) => index + 1)
      await Promise.all(
        numbers.map((point) =>
          t.test(`point ${point}`, async (sub) => {
            const { fixture, death } = await run(sub, scenario, point)
            sub.diagnostic(death.where())
            await scenario.verify(fixture)
          }),
        ),
      )
    },
  )
}

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
