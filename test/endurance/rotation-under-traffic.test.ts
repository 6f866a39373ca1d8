import assert from 'node:assert/strict'
import { test } from 'node:test'

import { secretKind } from '../../src/kubernetes/core-kinds.ts'
import { keyringSecretNameFor } from '../../src/contract/keyring/shard.ts'
import type { SwitchChanges } from '../../playground/webhook-service/switches.ts'
import { ConstantTraffic } from '../support/worlds/constant-traffic.ts'
import { operatorNamespace, startSimulatedOperator, tenant } from '../support/worlds/simulated-operator.ts'

const name = 'batch-events'
const quietly = { grainMs: 5_000 }

test('rotations under constant traffic, signed by old, by both and by new, refuse no genuine delivery and accept no forged one', async (t) => {
  // While the answer to an immediate rotation is lost, everything has to come back for a minute. When Google gives up
  // on an endpoint is another matter.
  const operator = await startSimulatedOperator(t, { switches: { autoDisable: 'off' } })
  const { admin, clock, client } = operator
  await operator.giveApiKey('project-a')
  await operator.startController()
  const receiver = await operator.startReceiver(['--append-timeout=60s'])
  await operator.apply(name)
  await operator.untilAll([name], 'Ready', 'True')
  const { metadata, status } = (await operator.get(name)) ?? assert.fail()
  const webhookId = status?.webhook?.id ?? ''
  const traffic = new ConstantTraffic(t, { admin, clock, webhookId, url: `${receiver.url}/v1/s/${tenant}/${name}` })

  const currentSecret = () => admin.secrets(webhookId).at(-1)?.secret
  /** The Secret holds what Google signs with now, and nothing is under way. */
  const isSettled = async () => {
    const held = (await operator.secret(`${name}-signing-secret`))?.data?.['signing-secret'] ?? ''
    const { operation } = (await operator.get(name))?.status ?? {}
    return operation === undefined && Buffer.from(held, 'base64').toString() === currentSecret()
  }
  /**
   * Acts under traffic, the test's and the service's own, and waits until the keys have settled and all that was held
   * is in.
   */
  async function phase(what: string, switches: SwitchChanges, act: () => unknown) {
    admin.setSwitches(switches)
    const answers = { ...traffic.answers }
    await traffic.during(async () => {
      await act()
      for (let seconds = 0; seconds < 5; seconds++) {
        admin.emit({ project: 'project-a', type: 'batch.succeeded', data: { id: `batches/${seconds}` } })
        await clock.advance({ seconds: 1 })
      }
      await operator.until(`${what}: the keys settle`, isSettled, 900)
      await clock.advance({ seconds: 5 })
    })
    await traffic.retryHeld()
    assert.equal(traffic.held, 0, `${what}: what was held is accepted when it comes back`)
    assert.deepEqual(traffic.refused, [], what)
    const counts = Object.entries(traffic.answers).map(
      ([code, count]) => `${count - (answers[Number(code)] ?? 0)} x ${code}`,
    )
    t.diagnostic(`${what}: ${counts.join(', ')}`)
  }
  async function rotate(id: string, revokePrevious: 'AfterGracePeriod' | 'Immediately') {
    const before = currentSecret()
    await operator.patch(name, { spec: { rotation: { request: { id, revokePrevious } } } })
    await operator.until(`${id} rotates`, () => currentSecret() !== before, 900)
  }
  const loseNextAnswer = () =>
    admin.addFault({ verb: 'rotateSigningSecret', effect: { type: 'reset', when: 'afterCommit' } })

  await phase('a first rotation', { rotationSignatures: 'oldNew' }, () => rotate('one', 'AfterGracePeriod'))
  await clock.advance({ hours: 6 }, quietly)
  await phase('a second one in the overlap', { rotationSignatures: 'newOld' }, () => rotate('two', 'AfterGracePeriod'))
  const expireMs = admin.secrets(webhookId)[0]?.expireMs ?? assert.fail('three secrets are valid')
  assert.equal(admin.secrets(webhookId).length, 3)
  await clock.advance({ ms: expireMs - clock.now() - 3_000 }, quietly)
  await phase('the end of the oldest', { rotationSignatures: 'newOnly' }, () => clock.advance({ seconds: 6 }))
  assert.equal(admin.secrets(webhookId).length, 2)
  const signingSecret = { namespace: tenant, name: `${name}-signing-secret` }
  const shard = { namespace: operatorNamespace, name: keyringSecretNameFor(metadata.uid) }
  await phase('a lost Secret', {}, () => client.delete(secretKind, signingSecret))
  await phase('a rotation whose answer is lost', { rotationSignatures: 'newOnly' }, async () => {
    loseNextAnswer()
    await rotate('three', 'AfterGracePeriod')
  })
  // With both gone nobody but Google knows the secret, and the next pass makes a new one; Google signs with both.
  traffic.signings = ['oldNew', 'newOld', 'newOnly']
  await phase('a lost Secret and a lost keyring', { rotationSignatures: 'oldNew' }, () =>
    Promise.all([client.delete(secretKind, signingSecret), client.delete(secretKind, shard)]),
  )
  await phase('an immediate rotation', { rotationSignatures: 'newOnly' }, () => rotate('four', 'Immediately'))
  assert.equal(admin.secrets(webhookId).length, 1)
  traffic.signings = ['oldNew', 'newOld', 'newOnly', 'oldOnly']
  await phase('an immediate rotation whose answer is lost', {}, async () => {
    loseNextAnswer()
    await rotate('five', 'Immediately')
  })

  await clock.advance({ minutes: 10 })
  const attempts = admin.deliveries(webhookId).flatMap(({ state, attempts }) => {
    assert.equal(state, 'delivered')
    return attempts.map((attempt) => ('status' in attempt ? attempt.status : 0))
  })
  const strange = attempts.filter((code) => code !== 503 && (code < 200 || code > 299))
  assert.deepEqual(strange, [], "the service's own deliveries")
  assert.equal(traffic.forged.accepted, 0)
  t.diagnostic(
    `answers ${JSON.stringify(traffic.answers)}, the service's own ${attempts.length}, forged ${JSON.stringify(traffic.forged)}, revoked on the way ${traffic.revokedOnTheWay}`,
  )
})
