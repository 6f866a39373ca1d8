import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkLeaseTimes, fingerprintOf, heldBy, releasedFrom } from '../../../src/kubernetes/lease-record.ts'

const noon = Date.parse('2026-11-21T12:00:00.000Z')
const key = { namespace: 'ops', name: 'leader' }
const times = { leaseDurationMs: 30_000, renewDeadlineMs: 15_000, retryPeriodMs: 2_000 }

test('the first holder starts at no transitions; a change of holder counts one and a new acquire time', () => {
  const first = heldBy('a', undefined, key, times, noon)
  assert.deepEqual(first.spec, {
    holderIdentity: 'a',
    leaseDurationSeconds: 30,
    acquireTime: '2026-11-21T12:00:00.000000Z',
    renewTime: '2026-11-21T12:00:00.000000Z',
    leaseTransitions: 0,
  })
  const renewed = heldBy('a', first, key, times, noon + 2_000)
  assert.equal(renewed.spec?.acquireTime, first.spec?.acquireTime)
  assert.equal(renewed.spec?.leaseTransitions, 0)
  const taken = heldBy('b', renewed, key, times, noon + 60_000)
  assert.equal(taken.spec?.leaseTransitions, 1)
  assert.equal(taken.spec?.acquireTime, '2026-11-21T12:01:00.000000Z')
})

test('every renewal changes the record, even within one millisecond', () => {
  const first = heldBy('a', undefined, key, times, noon)
  const second = heldBy('a', first, key, times, noon)
  const third = heldBy('a', second, key, times, noon)
  assert.notEqual(fingerprintOf(first), fingerprintOf(second))
  assert.notEqual(fingerprintOf(second), fingerprintOf(third))
})

test('a released lease has no holder and nothing to wait for, and keeps its history', () => {
  const released = releasedFrom(heldBy('a', undefined, key, times, noon), noon + 1)
  assert.equal(released.spec?.holderIdentity, '')
  assert.equal(released.spec?.leaseDurationSeconds, 1)
  assert.equal(heldBy('b', released, key, times, noon + 2).spec?.leaseTransitions, 1)
})

const unsafe = [
  { name: 'renewing as long as the lease lasts', times: { ...times, renewDeadlineMs: 30_000 } },
  { name: 'a deadline without room for a second try', times: { ...times, retryPeriodMs: 13_000 } },
  { name: 'no waiting between tries', times: { ...times, retryPeriodMs: 0 } },
  { name: 'nonsense', times: { ...times, leaseDurationMs: Number.NaN } },
]
for (const { name, times } of unsafe) {
  test(`times are refused: ${name}`, () => {
    assert.throws(() => checkLeaseTimes(times), RangeError)
  })
}
