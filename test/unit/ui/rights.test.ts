import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { KubernetesClient } from '../../../src/kubernetes/client.ts'
import { Rights, type Right } from '../../../src/ui/rights.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const readSecret: Right = { verb: 'get', group: '', resource: 'secrets', namespace: 'ml', name: 'gemini-api-key' }
const listAll: Right = { verb: 'list', group: 'webhooks.gemini-operator.io', resource: 'geminiwebhooks' }

function reviewing(allowed: (right: Right) => boolean) {
  const asked: Right[] = []
  const create = async (_kind: unknown, { spec }: { spec: { resourceAttributes: Right } }) => {
    asked.push(spec.resourceAttributes)
    return { metadata: { name: '' }, status: { allowed: allowed(spec.resourceAttributes) } }
  }
  return { asked, client: { create } as unknown as KubernetesClient }
}

test('every right that is missing is named, for people', async () => {
  const { client } = reviewing(() => false)
  assert.deepEqual(await new Rights(client, new FakeClock()).may(readSecret, listAll), {
    may: 'no',
    missing: [
      'get secrets "gemini-api-key" in namespace ml',
      'list geminiwebhooks.webhooks.gemini-operator.io in all namespaces',
    ],
  })
})

test('an answer is remembered for a minute', async () => {
  const clock = new FakeClock()
  let isAllowed = false
  const { client, asked } = reviewing(() => isAllowed)
  const rights = new Rights(client, clock)
  for (let at = 0; at < 3; at++) assert.equal((await rights.may(readSecret)).may, 'no')
  assert.equal(asked.length, 1)
  isAllowed = true
  await clock.advance({ seconds: 61 })
  assert.deepEqual(await rights.may(readSecret), { may: 'yes' })
})

test('where the API server cannot be asked, it is not known', async () => {
  const away = { create: () => Promise.reject(new Error('no answer')) } as unknown as KubernetesClient
  const rights = new Rights(away, new FakeClock())
  assert.deepEqual(await rights.may(readSecret), { may: 'unknown', why: 'no answer' })
})
