import assert from 'node:assert/strict'
import { test } from 'node:test'

import { PublicKeyChecks } from '../../../src/receiver/public-key-checks.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const limits = { maxPublicKeyChecks: 5, maxPublicKeyChecksPerEndpoint: 3, maxFailedChecksPerMinute: 4 }

function aScene() {
  const clock = new FakeClock()
  return { clock, checks: new PublicKeyChecks(limits, clock) }
}

test('one endpoint runs as many checks as it may; another has its own share, up to what the process may', () => {
  const { checks } = aScene()
  const running = [checks.begin('a'), checks.begin('a'), checks.begin('a')]
  assert.ok(running.every((end) => end !== undefined))
  assert.equal(checks.begin('a'), undefined)
  assert.ok(checks.begin('b'))
  assert.ok(checks.begin('b'))
  assert.equal(checks.begin('c'), undefined, 'the process is full')
  running[0]?.('held')
  assert.ok(checks.begin('c'))
})

test('checks that hold never use up anything', () => {
  const { checks } = aScene()
  for (let count = 0; count < 100; count++) {
    const end = checks.begin('a')
    assert.ok(end)
    end('held')
  }
})

test('after its failures of the minute an endpoint is paused alone, until the minute is over', async () => {
  const { clock, checks } = aScene()
  for (let count = 0; count < limits.maxFailedChecksPerMinute; count++) checks.begin('a')?.('failed')
  assert.equal(checks.begin('a'), undefined)
  assert.ok(checks.begin('b'))
  await clock.advance({ ms: 59_999 })
  assert.equal(checks.begin('a'), undefined)
  await clock.advance({ ms: 1 })
  assert.ok(checks.begin('a'))
})

test('checks that run count as failures that may come, so that a burst cannot pass the budget', () => {
  const { checks } = aScene()
  checks.begin('a')?.('failed')
  checks.begin('a')?.('failed')
  assert.ok(checks.begin('a'))
  assert.ok(checks.begin('a'))
  assert.equal(checks.begin('a'), undefined)
})
