import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { parseDuration } from '../../../src/api/duration.ts'

const cases: [string, number][] = [
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['2160h', 7_776_000_000],
  ['0s', 0],
  ['1h1h', 7_200_000],
  ['99999h99999m99999s', 99_999 * 3_661_000],
]
for (const [text, ms] of cases) {
  test(`reads ${text}`, () => assert.deepEqual(parseDuration(text), { ok: true, value: ms }))
}

for (const text of ['', '10', 's', '1.5h', '-1s', '10ms', '1d', '1h 30m', '1h1m1s1s', '100000s', '10s\n']) {
  test(`refuses ${JSON.stringify(text)} and says what a duration looks like`, () => {
    const parsed = parseDuration(text)
    assert.ok(!parsed.ok)
    assert.match(parsed.problem, /is not a duration such as 10s, 30m or 1h30m$/)
  })
}

test('parts add up', () => {
  const part = fc.tuple(fc.integer({ min: 0, max: 99_999 }), fc.constantFrom('h', 'm', 's'))
  const unitMs = { h: 3_600_000, m: 60_000, s: 1000 }
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
      const ms = parts.reduce((sum, [count, unit]) => sum + count * unitMs[unit], 0)
      assert.deepEqual(parseDuration(parts.map(([count, unit]) => `${count}${unit}`).join('')), { ok: true, value: ms })
    }),
  )
})
