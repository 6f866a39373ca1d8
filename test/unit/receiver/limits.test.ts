import assert from 'node:assert/strict'
import { test } from 'node:test'

import { defaultLimits } from '../../../src/receiver/limits.ts'

const { headersTimeoutMs, requestTimeoutMs, connectionsCheckingIntervalMs, keepAliveTimeoutMs } = defaultLimits

test('a connection that a load balancer keeps for ten minutes is not closed under its next request', () => {
  assert.ok(keepAliveTimeoutMs > 600_000)
})

test('time limits hold to the second: they are looked at often enough', () => {
  assert.ok(headersTimeoutMs <= 5_000 && requestTimeoutMs <= 10_000)
  assert.ok(connectionsCheckingIntervalMs <= 1_000)
})

test('as many largest deliveries as fit are far above what is read at once from one sender, and below what a pod has', () => {
  const { maxBodyBytes, maxHeldBodyBytes } = defaultLimits
  assert.ok(maxBodyBytes >= 5 * 20_000, 'the service sends below 20 kB')
  assert.ok(maxHeldBodyBytes >= 100 * maxBodyBytes && maxHeldBodyBytes <= 64 * 1024 * 1024)
})
