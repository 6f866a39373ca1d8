import assert from 'node:assert/strict'
import { test } from 'node:test'

import { equalQuotas } from '../../../src/fairness/quotas.ts'
import { PublicKeyChecks } from '../../../src/receiver/public-key-checks.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const [a, b, c] = ['a', 'b', 'c'].map((namespace) => ({ namespace, uid: `uid-${namespace}` })) as [Owner, Owner, Owner]
type Owner = Parameters<PublicKeyChecks['begin']>[0]
const limits = { maxPublicKeyChecks: 5, maxPublicKeyChecksPerEndpoint: 3, maxFailedChecksPerMinute: 4 }

function aScene() {
  const clock = new FakeClock()
  return { clock, checks: new PublicKeyChecks(limits, { clock, quotas: equalQuotas }) }
}

test('one endpoint runs as many checks as it may; another has its own share, up to what the process may', () => {
  const { checks } = aScene()
  const running = [checks.begin(a), checks.begin(a), checks.begin(a)]
  assert.ok(running.every((end) => end !== undefined))
  assert.equal(checks.begin(a), undefined)
  assert.ok(checks.begin(b))
  assert.ok(checks.begin(b))
  assert.equal(checks.begin(c), undefined, 'the process is full')
  running[0]?.('held')
  assert.ok(checks.begin(c))
})

test('checks that hold never use up anything', () => {
  const { checks } = aScene()
  for (let count = 0; count < 100; count++) {
    const end = checks.begin(a)
    assert.ok(end)
    end('held')
  }
})

test('after its failures of the minute an endpoint is paused alone, until the minute is over', async () => {
  const { clock, checks } = aScene()
  for (let count = 0; count < limits.maxFailedChecksPerMinute; count++) checks.begin(a)?.('failed')
  assert.equal(checks.begin(a), undefined)
  assert.ok(checks.begin(b))
  await clock.advance({ ms: 59_999 })
  assert.equal(checks.begin(a), undefined)
  await clock.advance({ ms: 1 })
  assert.ok(checks.begin(a))
})

test('checks that run count as failures that may come, so that a burst cannot pass the budget', () => {
  const { checks } = aScene()
  checks.begin(a)?.('failed')
  checks.begin(a)?.('failed')
  assert.ok(checks.begin(a))
  assert.ok(checks.begin(a))
  assert.equal(checks.begin(a), undefined)
})

test('the endpoints of one namespace leave room for those of another', () => {
  const clock = new FakeClock()
  const checks = new PublicKeyChecks({ ...limits, maxPublicKeyChecks: 64 }, { clock, quotas: equalQuotas })
  const crowd = Array.from({ length: 100 }, (_, at) => ({ namespace: 'crowd', uid: `uid-${at}` }))
  const running = crowd.filter((owner) => checks.begin(owner) !== undefined)
  assert.ok(running.length >= 48 && running.length <= 52, `${running.length}`)
  for (let count = 0; count < limits.maxPublicKeyChecksPerEndpoint; count += 1) assert.ok(checks.begin(a))
})
