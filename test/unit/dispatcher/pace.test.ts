import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import * as fc from 'fast-check'

import { begun, claimLimit, decided, mayBegin, opensMs, withRate, type Pace } from '../../../src/dispatcher/pace.ts'

const noonMs = Date.parse('2026-11-21T12:00:00Z')

function paceOf(ratePerSecond: number): Pace {
  const pace = withRate(undefined, ratePerSecond)
  assert.ok(pace !== undefined)
  return pace
}

const sentAt = (pace: Pace, nowMs: number) => decided(begun(pace), true, nowMs)

describe('the pace of a lane', () => {
  it('lets one begin at once, and the next one interval later', () => {
    const pace = sentAt(paceOf(0.1), noonMs)
    assert.equal(mayBegin(paceOf(0.1), noonMs), true)
    assert.equal(mayBegin(pace, noonMs + 9_999), false)
    assert.equal(opensMs(pace, noonMs + 1), noonMs + 10_000)
    assert.equal(mayBegin(pace, noonMs + 10_000), true)
  })

  it('counts from when it was sent, and lets no other begin before that is decided', () => {
    const judged = begun(paceOf(1))
    assert.equal(mayBegin(judged, noonMs + 60_000), false)
    const sent = decided(judged, true, noonMs + 60_000)
    assert.equal(mayBegin(sent, noonMs + 60_999), false)
    assert.equal(mayBegin(sent, noonMs + 61_000), true)
  })

  it('charges nothing for what was not sent', () => {
    const skipped = decided(begun(paceOf(1)), false, noonMs)
    assert.equal(mayBegin(skipped, noonMs), true)
    assert.equal(mayBegin(decided(paceOf(1), false, noonMs), noonMs), true, 'told once too often')
  })

  it('saves nothing up below ten in a second, and a tenth of a second above', () => {
    const slow = sentAt(paceOf(5), noonMs)
    assert.equal(mayBegin(begun(slow), noonMs + 3_600_000), false)
    let fast = paceOf(100)
    let atOnce = 0
    while (mayBegin(fast, noonMs)) {
      fast = sentAt(fast, noonMs)
      atOnce += 1
    }
    assert.equal(atOnce, 11)
  })

  it('goes on when the clock is put back', () => {
    const pace = sentAt(paceOf(0.1), noonMs)
    assert.equal(mayBegin(pace, noonMs - 3_600_000), true)
  })

  it('takes over another rate with what was sent under the one before', () => {
    const pace = sentAt(paceOf(0.1), noonMs)
    const faster = withRate(pace, 1)
    assert.equal(faster && opensMs(faster, noonMs + 1), noonMs + 1_000)
    assert.equal(withRate(pace, 0.1), pace)
    assert.equal(withRate(pace, undefined), undefined)
  })

  it('claims as much as may begin in a second, and one at least', () => {
    assert.deepEqual(
      [0.001, 1, 10, 400].map((rate) => claimLimit(paceOf(rate))),
      [1, 1, 10, 400],
    )
  })

  it('never lets more begin than the rate and what is saved up, whatever the rate and whenever it is asked', () => {
    const steps = fc.array(fc.record({ waitMs: fc.integer({ min: 0, max: 700 }), isSent: fc.boolean() }), {
      minLength: 1,
      maxLength: 200,
    })
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1_000, noNaN: true }), steps, (ratePerSecond, moments) => {
        let pace = paceOf(ratePerSecond)
        let nowMs = noonMs
        const sentMs: number[] = []
        for (const { waitMs, isSent } of moments) {
          nowMs += waitMs
          if (!mayBegin(pace, nowMs)) continue
          pace = decided(begun(pace), isSent, nowMs)
          if (isSent) sentMs.push(nowMs)
        }
        const savedUp = ratePerSecond > 10 ? ratePerSecond / 10 : 0
        for (const [at, fromMs] of sentMs.entries()) {
          for (const [more, toMs] of sentMs.slice(at).entries()) {
            const allowed = 1 + savedUp + ((toMs - fromMs) * ratePerSecond) / 1_000
            assert.ok(more + 1 <= allowed + 1e-3, `${more + 1} in ${toMs - fromMs} ms at ${ratePerSecond}/s`)
          }
        }
      }),
    )
  })
})
