import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Rollouts } from '../../../../src/controller/observe/rollouts.ts'
import { aWebhook, fingerprint } from '../../../support/builders/a-webhook.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'

const registered = (namespace: string, creationTimestamp: string) =>
  aWebhook()
    .registered()
    .metadata({ namespace, name: 'one', uid: `uid-${namespace}`, creationTimestamp })
    .status({
      webhook: { id: namespace, uri: `https://old.example.com/v1/s/${namespace}/one`, keyFingerprint: fingerprint },
      conditions: [
        {
          type: 'Registered',
          status: 'True',
          reason: 'Succeeded',
          message: '',
          observedGeneration: 1,
          lastTransitionTime: creationTimestamp,
        },
      ],
    })
    .build()

test('an object of another namespace with the same key holds up no rollout, and is not named', () => {
  const objects = [registered('evil', '2026-01-01T00:00:00Z'), registered('ml', '2026-11-01T00:00:00Z')]
  const rollouts = new Rollouts({
    clock: new FakeClock(),
    config: { baseUrl: 'https://new.example.com', allowedHostnames: [] },
    webhooks: { byIndex: () => objects },
    isServed: () => true,
  })
  for (const namespace of ['evil', 'ml']) {
    const rollout = rollouts.of(fingerprint, namespace)
    assert.equal(rollout.state === 'canary' && rollout.canary.namespace, namespace)
  }
})
