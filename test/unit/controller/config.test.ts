import assert from 'node:assert/strict'
import { test } from 'node:test'

import { configProblems, defaultControllerConfig } from '../../../src/controller/config.ts'

test('numbers that contradict the protocol are refused, each with what to do', () => {
  const config = { ...defaultControllerConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
  assert.deepEqual(configProblems(config), [])
  const broken = {
    ...config,
    baseUrl: 'x',
    workers: 0,
    settleExtraMs: 1,
    resyncIntervalMs: 1,
    receiverSeenWaitMs: 99_000,
    secretOverlapMs: 1,
    pingAttempts: 0,
  }
  assert.equal(configProblems(broken).length, 7)
})
