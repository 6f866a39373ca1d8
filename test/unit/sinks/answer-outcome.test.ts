import assert from 'node:assert/strict'
import { test } from 'node:test'

import { outcomeOfAnswer } from '../../../src/sinks/answer-outcome.ts'

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

test('what is tried again is not tried before the sink wishes', () => {
  const outcome = outcomeOfAnswer(503, '120', nowMs)
  assert.deepEqual(outcome, { type: 'retryable', cause: 'status', status: 503, retryAfterMs: 120_000 })
})
