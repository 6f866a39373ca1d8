import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseRetryAfterMs } from '../../src/retry-after.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')

const retryAfters: [string | undefined, number | undefined][] = [
  [undefined, undefined],
  ['', undefined],
  ['0', 0],
  [' 120 ', 120_000],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['99999999999', undefined],
  ['Sat, 21 Nov 2026 12:01:00 GMT', 60_000],
  ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
  ['Wrong, 99 Foo 2026', undefined],
]

for (const [value, want] of retryAfters) {
  test(`Retry-After ${JSON.stringify(value)} is ${want} ms`, () => {
    assert.equal(parseRetryAfterMs(value, nowMs), want)
  })
}
