import assert from 'node:assert/strict'
import { test } from 'node:test'

import { outcomeOfAnswer, parseRetryAfterMs } from '../../../src/sinks/answer-outcome.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')

const statuses = {
  delivered: [200, 201, 202, 204, 226],
  unauthorized: [401, 403],
  permanent: [400, 410, 413, 415, 422],
  retryable: [
    404, 405, 406, 408, 409, 421, 425, 429, 431, 451, 500, 501, 502, 503, 504, 599, 300, 301, 302, 304, 307, 308,
  ],
}

for (const [type, each] of Object.entries(statuses)) {
  for (const status of each) {
    test(`${status} is ${type}`, () => {
      const outcome = outcomeOfAnswer(status, undefined, nowMs)
      assert.equal(outcome.type, type)
      assert.equal(outcome.status, status)
    })
  }
}

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
  ['Sat, 21 Nov 2026 11:00:00 GMT', undefined],
  ['Wrong, 99 Foo 2026', undefined],
]

for (const [value, want] of retryAfters) {
  test(`Retry-After ${JSON.stringify(value)} is ${want} ms`, () => {
    assert.equal(parseRetryAfterMs(value, nowMs), want)
  })
}
