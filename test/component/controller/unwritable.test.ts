import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { decode, startControllerFixture, tenant, type WriteHook } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'
import {
  createRefusingApi,
  refusalsForGood,
  type RefusalForGood,
  type Written,
} from '../../support/doubles/refusing-api.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }
const stalled = { status: 'True', reason: 'RefusedByAPIServer' }
const hows = Object.keys(refusalsForGood) as RefusalForGood[]

type Fixture = Awaited<ReturnType<typeof startFixture>>

/**
 * A world whose API server can be made to refuse writes of the controller; `strike` does so the moment Google has been
 * called.
 */
async function startFixture(t: Parameters<typeof startControllerFixture>[0]) {
  const fixture = await startControllerFixture(t, { config: { allowedSecretLabels: ['team'] } })
  const api = createRefusingApi()
  let strike: (() => void) | undefined
  const hook: WriteHook = async (moment, call, subject) => {
    const isRevealing = call.startsWith('rotateSigningSecret') || call === 'create webhook at Google'
    if (moment === 'after' && isRevealing) strike?.()
    await api.hook(moment, call, subject)
  }
  return {
    ...fixture,
    api,
    start: () => fixture.startController(hook),
    strikeAfterCall: (then: () => void) => void (strike = then),
  }
}

async function startReady(t: Parameters<typeof startControllerFixture>[0]) {
  const fixture = await startFixture(t)
  const running = await fixture.start()
  await fixture.putApiKey()
  await fixture.apply(name)
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  // A registration on a busy machine may have cost a call more.
  fixture.admin.resetCalls()
  return { ...fixture, running }
}

const rotation = (id: string) => ({ spec: { rotation: { request: { id } } } })
const uidOf = async ({ get }: Fixture) => (await get(name))?.metadata.uid ?? ''
const heldBySecret = async ({ targetSecret }: Fixture) => decode((await targetSecret(name))?.data?.['signing-secret'])
const heldByKeyring = async (fixture: Fixture) => (await fixture.keyringEntry(await uidOf(fixture)))?.secrets ?? []
const atGoogle = ({ admin, remotes }: Fixture) =>
  admin.secrets(remotes()[0]?.id ?? '').find(({ expireMs }) => expireMs === undefined)?.secret ?? ''

/** Time enough for whatever would go on to do so: some resyncs, and the settle time of an intent. */
async function someLooksLater({ calls, events }: Fixture): Promise<void> {
  // A pass that cannot write its status tells so, and is repeated without another list.
  const looks = () => calls().counts.list.received + events.filter(({ reason }) => reason === 'StatusNotWritten').length
  const before = looks()
  await eventually('some looks later', () => looks() >= before + 2, patience)
}

async function untilWhole(fixture: Fixture, id: string): Promise<void> {
  await eventually(
    'handled and closed',
    async () => {
      const status = (await fixture.get(name))?.status
      return status?.operation === undefined && status?.rotation?.handledRequestIDs?.includes(id) === true
    },
    patience,
  )
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(await heldBySecret(fixture), atGoogle(fixture))
  assert.equal((await heldByKeyring(fixture))[0]?.secret, atGoogle(fixture))
}

describe('refused beforehand, nothing is asked of Google', { concurrency: 3 }, () => {
  for (const written of ['target Secret', 'keyring'] as const) {
    for (const how of hows) {
      test(`a rotation whose ${written} cannot be written: ${how}`, async (t) => {
        const fixture = await startReady(t)
        const before = await heldBySecret(fixture)
        fixture.api.refuse(written, how)
        await fixture.patch(name, rotation('r-1'))
        const webhook = await fixture.untilCondition(name, 'Stalled', stalled)
        assert.match(fixture.conditionOf(webhook, 'Stalled')?.message ?? '', /the API server answered 4/)
        assert.equal(
          fixture.conditionOf(webhook, 'SecretAvailable')?.status,
          'True',
          'it still is what Google signs with',
        )
        assert.equal(webhook.status?.operation, undefined)
        await someLooksLater(fixture)
        assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)
        assert.deepEqual((await fixture.get(name))?.status, webhook.status, 'and nothing is written')
        assert.equal(fixture.events.filter(({ reason }) => reason === 'Stalled').length, 1)

        fixture.api.lift()
        await untilWhole(fixture, 'r-1')
        assert.notEqual(await heldBySecret(fixture), before)
        assert.equal(fixture.calls().counts.rotateSigningSecret.received, 1)
      })
    }
  }

  for (const written of ['target Secret', 'keyring', 'finalizer'] as const) {
    test(`a registration whose ${written} cannot be written`, async (t) => {
      const fixture = await startFixture(t)
      await fixture.start()
      await fixture.putApiKey()
      fixture.api.refuse(written, 'policy')
      await fixture.apply(name)
      await fixture.untilCondition(name, 'Stalled', stalled)
      assert.deepEqual(fixture.remotes(), [])
      fixture.api.lift()
      await fixture.untilCondition(name, 'Ready', { status: 'True' })
      assert.equal(fixture.calls().counts.create.received, 1)
      assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)
    })
  }

  test('a status that cannot be written begins nothing, and an Event says so', async (t) => {
    const fixture = await startReady(t)
    fixture.api.refuse('status', 'missing right')
    await fixture.patch(name, rotation('r-1'))
    await eventually('an Event', () => fixture.events.some(({ reason }) => reason === 'StatusNotWritten'), patience)
    assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)
    fixture.api.lift()
    await untilWhole(fixture, 'r-1')
    assert.equal(fixture.calls().counts.rotateSigningSecret.received, 1)
  })

  test('a webhook that cannot be asked without effects: what to change is told', async (t) => {
    const fixture = await startReady(t)
    fixture.api.refuse('target Secret', 'no dry run')
    await fixture.patch(name, rotation('r-1'))
    const webhook = await fixture.untilCondition(name, 'Stalled', stalled)
    assert.match(
      fixture.conditionOf(webhook, 'Stalled')?.message ?? '',
      /does not support dry run; .* sideEffects None or NoneOnDryRun/,
    )
    assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)
  })

  test('a Secret that was made immutable, by the API server itself', async (t) => {
    const fixture = await startReady(t)
    const key = { namespace: tenant, name: `${name}-signing-secret` }
    await fixture.client.patch<Secret>(secretKind, key, { immutable: true }, { type: 'merge' })
    await fixture.patch(name, rotation('r-1'))
    const webhook = await fixture.untilCondition(name, 'Stalled', stalled)
    assert.match(
      fixture.conditionOf(webhook, 'Stalled')?.message ?? '',
      /secrets ml\/batch-events-signing-secret: .* immutable/,
    )
    assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)

    await fixture.client.delete(secretKind, key)
    await untilWhole(fixture, 'r-1')
    assert.equal(fixture.calls().counts.rotateSigningSecret.received, 1, 'the Secret came back from the keyring')
  })
})

interface Late {
  written: Written[]
  /** What receivers must hold all the same. */
  isTold: boolean
}

const late: Late[] = [
  { written: ['target Secret'], isTold: true },
  { written: ['keyring'], isTold: false },
  { written: ['status'], isTold: true },
  { written: ['target Secret', 'status'], isTold: true },
]

describe('refused after the call, nothing is lost and nothing is called again', { concurrency: 3 }, () => {
  for (const { written, isTold } of late) {
    for (const restarts of [false, true]) {
      test(`a rotation: ${written.join(' and ')}${restarts ? ', and a restart' : ''}`, async (t) => {
        const fixture = await startReady(t)
        const before = await heldBySecret(fixture)
        fixture.strikeAfterCall(() => written.forEach((each) => fixture.api.refuse(each, 'policy')))
        await fixture.patch(name, rotation('r-1'))
        await eventually('rotated', () => fixture.calls().counts.rotateSigningSecret.committed === 1, patience)
        if (isTold) {
          const isNew = async () => (await heldByKeyring(fixture))[0]?.secret === atGoogle(fixture)
          await eventually('receivers hold what Google signs with', isNew, patience)
        }
        if (!written.includes('status')) {
          const webhook = await fixture.untilCondition(name, 'Stalled', stalled)
          assert.equal(fixture.conditionOf(webhook, 'SecretAvailable')?.status, 'False')
          assert.equal(fixture.conditionOf(webhook, 'Ready')?.status, 'False')
          assert.ok(fixture.events.some(({ reason }) => reason === 'SecretNotStored'))
        }
        if (restarts) {
          await fixture.running.stop()
          await fixture.start()
        }
        await someLooksLater(fixture)
        const open = (await fixture.get(name))?.status?.operation
        assert.equal(open?.type, 'Rotate', 'receivers answer 503, not 401, while it is open')
        assert.equal(fixture.calls().counts.rotateSigningSecret.received, 1)

        fixture.api.lift()
        await untilWhole(fixture, 'r-1')
        assert.notEqual(await heldBySecret(fixture), before)
        assert.equal(fixture.calls().counts.rotateSigningSecret.received, 1)
        assert.ok(
          (await heldByKeyring(fixture)).some(({ secret }) => secret === before),
          'the overlap is kept',
        )
      })
    }
  }

  for (const restarts of [false, true]) {
    test(`a registration: target Secret${restarts ? ', and a restart' : ''}`, async (t) => {
      const fixture = await startFixture(t)
      const running = await fixture.start()
      await fixture.putApiKey()
      fixture.strikeAfterCall(() => fixture.api.refuse('target Secret', 'quota'))
      await fixture.apply(name)
      const webhook = await fixture.untilCondition(name, 'Stalled', stalled)
      assert.equal(fixture.conditionOf(webhook, 'SecretAvailable')?.status, 'False')
      assert.equal((await heldByKeyring(fixture))[0]?.secret, atGoogle(fixture))
      assert.equal(webhook.status?.operation?.type, 'Create')
      if (restarts) {
        await running.stop()
        await fixture.start()
      }
      await someLooksLater(fixture)
      fixture.api.lift()
      await fixture.untilCondition(name, 'Ready', { status: 'True' })
      assert.equal(await heldBySecret(fixture), atGoogle(fixture))
      assert.equal(fixture.calls().counts.create.received, 1)
      assert.equal(fixture.calls().counts.rotateSigningSecret.received, 0)
    })
  }

  test('a rotation of which neither the Secret nor the keyring took the secret is not made again while they refuse', async (t) => {
    const fixture = await startReady(t)
    const both = ['target Secret', 'keyring'] as const
    fixture.strikeAfterCall(() => both.forEach((each) => fixture.api.refuse(each, 'webhook')))
    await fixture.patch(name, rotation('r-1'))
    await fixture.untilCondition(name, 'Stalled', stalled)
    await fixture.running.stop()
    await fixture.start()
    await someLooksLater(fixture)
    assert.equal(fixture.calls().counts.rotateSigningSecret.received, 1)
    assert.equal((await fixture.get(name))?.status?.operation?.type, 'Rotate')
    fixture.strikeAfterCall(() => {})
    fixture.api.lift()
    await untilWhole(fixture, 'r-1')
    assert.equal(fixture.calls().counts.rotateSigningSecret.received, 2, 'the first secret was lost with the process')
  })
})

test('what does not need a refused write goes on', async (t) => {
  const fixture = await startReady(t)
  fixture.api.refuse('target Secret', 'policy')
  await fixture.patch(name, { spec: { ...rotation('r-1').spec, signingSecret: { labels: { team: 'ml' } } } })
  await fixture.untilCondition(name, 'Stalled', stalled)
  await fixture.patch(name, { spec: { events: ['batch.failed'], sinks: [{ name: 'cluster', kubernetesEvent: {} }] } })
  await eventually('updated', () => fixture.remotes()[0]?.subscribedEvents.join() === 'batch.failed', patience)
  const uid = await uidOf(fixture)
  await eventually('told', async () => (await fixture.keyringEntry(uid))?.sinks.length === 1, patience)
  fixture.admin.autoDisable(fixture.remotes()[0]?.id ?? '')
  await eventually('enabled again', () => fixture.remotes()[0]?.state === 'enabled', patience)
  assert.equal(fixture.conditionOf(await fixture.get(name), 'Stalled')?.reason, 'RefusedByAPIServer')
})
