import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ActionState } from '../../../../src/controller/apply/action-state.ts'
import { putTarget } from '../../../../src/controller/apply/actions/put-target.ts'
import { rehearseTarget } from '../../../../src/controller/apply/actions/rehearse.ts'
import { FailedCall } from '../../../../src/controller/facts/failure-class.ts'
import type { Secret } from '../../../../src/kubernetes/core-kinds.ts'
import { KubernetesApiError } from '../../../../src/kubernetes/client.ts'
import { aPass } from '../../../support/worlds/a-pass.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { anObservation, currentSecret, live, otherSecret } from '../../../support/builders/an-observation.ts'

const encode = (text: string) => Buffer.from(text).toString('base64')

function stateOf(observed = anObservation().build()): ActionState {
  const webhook = aWebhook().registered().build()
  return { webhook, observed, draft: webhook.status ?? {}, events: [] }
}

/** A client that answers a PUT with what `answer` makes of it. */
function replacing(answer: (secret: Secret) => Secret) {
  const puts: { secret: Secret; options: unknown }[] = []
  const replace = async <T>(_: unknown, secret: T, options: unknown) => {
    puts.push({ secret: secret as Secret, options })
    return answer(secret as Secret) as T
  }
  return { puts, pass: aPass({ client: { replace } }) }
}

test('a rehearsal shows the Secret as it will be, with a stand-in for what is to come', async () => {
  const { puts, pass } = replacing((secret) => secret)
  const state = stateOf()
  await rehearseTarget(state, pass, 'attempt-2')
  const [put] = puts
  assert.deepEqual(put?.options, { dryRun: true })
  const { data = {}, metadata } = put?.secret ?? { metadata: { name: '' } }
  assert.deepEqual(Object.keys(data).toSorted(), ['previous-signing-secret', 'signing-secret', 'signing-secrets'])
  assert.equal(data['previous-signing-secret'], encode(currentSecret))
  assert.notEqual(data['signing-secret'], encode(currentSecret))
  assert.equal(metadata.resourceVersion, '7', 'under its lock')
})

test('a policy that repeats what it was shown does not get a secret into status or logs', async () => {
  const { pass } = replacing(({ data }) => {
    const message = `denied: ${JSON.stringify(data)} and ${otherSecret}`
    throw new KubernetesApiError({ status: 422, reason: 'Invalid', message })
  })
  await assert.rejects(putTarget(stateOf(), pass, { secrets: [live(otherSecret)] }), (error) => {
    assert.ok(error instanceof KubernetesApiError)
    assert.equal(error.status, 422)
    assert.ok(!error.message.includes(otherSecret) && !error.message.includes(encode(otherSecret)))
    return error.message === 'denied: {"signing-secret":"[the rest repeats a secret]'
  })
})

test('nor does it get what a template makes of the secret into them', async () => {
  const keys = [
    { key: 'raw', format: 'Base64' as const },
    { key: '.env', format: 'DotEnv' as const, variable: 'SECRET' },
    { key: 'j.son', format: 'JSON' as const },
  ]
  const webhook = aWebhook()
    .registered()
    .spec({ signingSecret: { template: { keys } } })
    .build()
  for (const { key } of keys) {
    for (const show of [(base64: string) => base64, (base64: string) => Buffer.from(base64, 'base64').toString()]) {
      const { pass } = replacing(({ data }) => {
        assert.ok(data?.[key])
        throw new KubernetesApiError({ status: 422, reason: 'Invalid', message: `denied: ${show(data[key])}` })
      })
      const refused = putTarget({ ...stateOf(), webhook }, pass, { secrets: [live(otherSecret)] })
      await assert.rejects(refused, (error: Error) => {
        const shown = error.message.replace('[the rest repeats a secret]', '')
        assert.notEqual(shown, error.message)
        return [otherSecret, otherSecret.slice('whsec_'.length)].every((secret) => !shown.includes(secret.slice(0, 12)))
      })
    }
  }
})

test('nor the raw key alone, whatever stands before it in the secret', async () => {
  for (const secret of ['whsec', 'gsec2', 'whsec_v2'].map((prefix) => otherSecret.replace('whsec', prefix))) {
    const { pass } = replacing(() => {
      const message = `denied: ${secret.slice(secret.lastIndexOf('_') + 1)}`
      throw new KubernetesApiError({ status: 422, reason: 'Invalid', message })
    })
    await assert.rejects(putTarget(stateOf(), pass, { secrets: [live(secret)] }), {
      message: 'denied: [the rest repeats a secret]',
    })
  }
})

test('a webhook that changes a secret on its way is found as a refusal', async () => {
  const { pass } = replacing((secret) => ({ ...secret, data: {} }))
  await assert.rejects(putTarget(stateOf(), pass, { secrets: [live(otherSecret)] }), (error) => {
    assert.ok(error instanceof FailedCall)
    assert.equal(error.failure.class, 'refused')
    return /Secret ml\/batch-events-signing-secret: key signing-secret reads back otherwise/.test(error.message)
  })
})

test('the labels of an immutable Secret can still be written: it stays immutable', async () => {
  const { puts, pass } = replacing((secret) => secret)
  const state = stateOf(anObservation().withSecret({ immutable: true }).build())
  await putTarget(state, pass, { secrets: [live(currentSecret)] }, { dryRun: true })
  assert.equal(puts[0]?.secret.immutable, true)
})
