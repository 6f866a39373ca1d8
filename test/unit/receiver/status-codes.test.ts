import assert from 'node:assert/strict'
import { test } from 'node:test'

import { answerOf, answers, type AnsweredOutcome } from '../../../src/receiver/status-codes.ts'

const outcomes = Object.keys(answers) as AnsweredOutcome[]

test('only what is durable is acknowledged', () => {
  const acknowledged = outcomes.filter((outcome) => answerOf(outcome).status === 204)
  assert.deepEqual(acknowledged, ['Stored', 'Duplicate'])
})

test('every fault of ours is a 503 that asks to come back, and nothing else does', () => {
  for (const outcome of outcomes) {
    const { status, retryAfterSeconds } = answerOf(outcome)
    assert.equal(retryAfterSeconds !== undefined, status === 503, outcome)
  }
})

test('no answer tells a sender to give up or to go elsewhere', () => {
  for (const outcome of outcomes) {
    const { status } = answerOf(outcome)
    assert.ok(status !== 410 && !(status >= 300 && status < 400), outcome)
  }
})
