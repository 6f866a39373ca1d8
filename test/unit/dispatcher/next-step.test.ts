import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import type { DeliveryPolicy } from '../../../src/dispatcher/backoff.ts'
import { nextStep } from '../../../src/dispatcher/next-step.ts'
import type { NextStep } from '../../../src/inbox/port.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { aSink } from '../../support/builders/deliveries.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const hourMs = 3_600_000
const policy: DeliveryPolicy = aSink().delivery
const failed: SendOutcome = { type: 'retryable', cause: 'status', status: 503 }
const refused: SendOutcome = { type: 'unauthorized', status: 401 }

interface StepCase {
  name: string
  outcome: SendOutcome
  attempts?: number
  firstDueMs?: number
  policy?: Partial<typeof policy>
  random?: number
  isProbe?: boolean
  want: NextStep
}

const exhausted: NextStep = { type: 'DeadLetter', reason: 'RetriesExhausted' }

const cases: StepCase[] = [
  {
    name: 'a delivery that stood still is retried from then on as if it had come then',
    outcome: failed,
    firstDueMs: nowMs - 100 * hourMs,
    policy: { retryFromMs: nowMs - 23 * hourMs },
    random: 0.5,
    want: { type: 'RetryAt', atMs: nowMs + 500 },
  },
  {
    name: 'it ends like any other after that',
    outcome: failed,
    firstDueMs: nowMs - 100 * hourMs,
    policy: { retryFromMs: nowMs - 24 * hourMs },
    want: exhausted,
  },
  {
    name: 'a delivery that came after that moment has its own time',
    outcome: failed,
    firstDueMs: nowMs - 24 * hourMs,
    policy: { retryFromMs: nowMs - 25 * hourMs },
    want: exhausted,
  },
  {
    name: 'where retrying has no end it goes on, with the longest pause',
    outcome: failed,
    attempts: 5_000,
    firstDueMs: nowMs - 10_000 * hourMs,
    policy: { retry: Infinity, retryForMs: Infinity, backoffMaxMs: 30_000 },
    random: 0.5,
    want: { type: 'RetryAt', atMs: nowMs + 15_000 },
  },
  { name: 'an event that was taken has succeeded', outcome: { type: 'delivered' }, want: { type: 'Succeed' } },
  {
    name: 'an event that was taken late has succeeded all the same',
    outcome: { type: 'delivered' },
    firstDueMs: nowMs - 100 * hourMs,
    attempts: 500,
    want: { type: 'Succeed' },
  },
  {
    name: 'an event that the sink refuses for good is a dead letter',
    outcome: { type: 'permanent', cause: 'refused', status: 422 },
    want: { type: 'DeadLetter', reason: 'Rejected' },
  },
  {
    name: 'an event of which no request can be made is a dead letter of its own kind',
    outcome: { type: 'permanent', cause: 'unsendable' },
    want: { type: 'DeadLetter', reason: 'Unsendable' },
  },
  {
    name: 'the first pause is at most the delay',
    outcome: failed,
    random: 0.5,
    want: { type: 'RetryAt', atMs: nowMs + 500 },
  },
  {
    name: 'pauses double',
    outcome: failed,
    attempts: 3,
    random: 0.5,
    want: { type: 'RetryAt', atMs: nowMs + 4_000 },
  },
  {
    name: 'linear pauses grow by the delay',
    outcome: failed,
    attempts: 3,
    random: 0.5,
    policy: { backoffPolicy: 'Linear' },
    want: { type: 'RetryAt', atMs: nowMs + 2_000 },
  },
  {
    name: 'a pause is never longer than the longest',
    outcome: failed,
    attempts: 40,
    random: 0.5,
    want: { type: 'RetryAt', atMs: nowMs + 900_000 },
  },
  {
    name: 'Retry-After is waited for',
    outcome: { ...failed, retryAfterMs: 60_000 },
    want: { type: 'RetryAt', atMs: nowMs + 60_000 },
  },
  {
    name: 'Retry-After counts up to its bound only',
    outcome: { ...failed, retryAfterMs: 86_400_000 },
    want: { type: 'RetryAt', atMs: nowMs + 300_000 },
  },
  {
    name: 'Retry-After does not shorten a longer pause',
    outcome: { ...failed, retryAfterMs: 1_000 },
    attempts: 9,
    random: 0.5,
    want: { type: 'RetryAt', atMs: nowMs + 256_000 },
  },
  { name: 'the last retry has been made', outcome: failed, attempts: 60, want: exhausted },
  {
    name: 'the last retry is still to be made',
    outcome: failed,
    attempts: 59,
    random: 0,
    want: { type: 'RetryAt', atMs: nowMs },
  },
  { name: 'no retries: the first attempt was the only one', outcome: failed, policy: { retry: 0 }, want: exhausted },
  { name: 'the time is over', outcome: failed, firstDueMs: nowMs - 24 * hourMs, want: exhausted },
  {
    name: 'a Retry-After that would reach beyond the time is cut short: tried once more just before the end',
    outcome: { ...failed, retryAfterMs: 60_000 },
    firstDueMs: nowMs - 24 * hourMs + 30_000,
    want: { type: 'RetryAt', atMs: nowMs + 29_000 },
  },
  {
    name: 'so is a pause of our own',
    outcome: failed,
    attempts: 20,
    random: 0.999,
    firstDueMs: nowMs - 24 * hourMs + 30_000,
    want: { type: 'RetryAt', atMs: nowMs + 29_000 },
  },
  {
    name: 'a time shorter than the wish of the sink still has two attempts in it',
    outcome: { ...failed, retryAfterMs: 300_000 },
    policy: { retryForMs: 10_000 },
    want: { type: 'RetryAt', atMs: nowMs + 9_000 },
  },
  {
    name: 'after that last attempt the time is over',
    outcome: { ...failed, retryAfterMs: 60_000 },
    firstDueMs: nowMs - 24 * hourMs + 1_000,
    attempts: 1,
    want: exhausted,
  },
  {
    name: 'a refusal of our credentials holds, however many attempts there were',
    outcome: refused,
    attempts: 1_000,
    want: { type: 'Hold', untilMs: nowMs + 15_000 },
  },
  {
    name: 'a probe that fails spends no attempt, and waits as long as the attempt before',
    outcome: failed,
    attempts: 60,
    random: 0.5,
    isProbe: true,
    want: { type: 'Hold', untilMs: nowMs + 900_000 },
  },
  {
    name: 'so does one of a delivery that was never tried',
    outcome: failed,
    random: 0.5,
    isProbe: true,
    want: { type: 'Hold', untilMs: nowMs + 500 },
  },
  {
    name: 'a probe does not outlive the time',
    outcome: failed,
    firstDueMs: nowMs - 24 * hourMs,
    isProbe: true,
    want: exhausted,
  },
  {
    name: 'a refusal of our credentials does not outlive the time',
    outcome: refused,
    firstDueMs: nowMs - 24 * hourMs,
    want: exhausted,
  },
]

for (const { name, outcome, want, attempts = 0, firstDueMs = nowMs, random = 0, isProbe = false, ...given } of cases) {
  test(name, () => {
    const context = {
      policy: { ...policy, ...given.policy },
      nowMs,
      random: () => random,
      holdUntilMs: nowMs + 15_000,
      isProbe,
    }
    assert.deepEqual(nextStep({ attempts, firstDueMs }, outcome, context), want)
  })
}

test('whatever the policy and the answers, retrying ends, in time and in number', () => {
  fc.assert(
    fc.property(
      fc.record({
        retry: fc.nat(200),
        retryForMs: fc.nat(7 * 24 * hourMs),
        backoffPolicy: fc.constantFrom('Exponential' as const, 'Linear' as const),
        backoffDelayMs: fc.integer({ min: 1_000, max: 600_000 }),
        backoffMaxMs: fc.integer({ min: 1_000, max: 24 * hourMs }),
        retryAfterMaxMs: fc.nat(hourMs),
      }),
      fc.array(
        fc.record({ chance: fc.double({ min: 0, max: 0.999, noNaN: true }), retryAfterMs: fc.nat(2 * hourMs) }),
        {
          minLength: 1,
        },
      ),
      (given, answers) => {
        let atMs = nowMs
        for (let attempts = 0; ; attempts++) {
          const { chance, retryAfterMs } = answers[attempts % answers.length] ?? { chance: 0, retryAfterMs: 0 }
          const context = {
            policy: { ...policy, ...given },
            nowMs: atMs,
            random: () => chance,
            holdUntilMs: 0,
            isProbe: false,
          }
          const step = nextStep({ attempts, firstDueMs: nowMs }, { ...failed, retryAfterMs }, context)
          if (step.type === 'DeadLetter') return
          assert.equal(step.type, 'RetryAt')
          const pauseMs = step.type === 'RetryAt' ? step.atMs - atMs : 0
          assert.ok(Number.isInteger(pauseMs) && pauseMs >= 0)
          assert.ok(pauseMs <= Math.max(given.backoffMaxMs, given.retryAfterMaxMs))
          const leftMs = nowMs + given.retryForMs - 1_000 - atMs
          assert.ok(pauseMs >= Math.min(retryAfterMs, given.retryAfterMaxMs, leftMs), 'the wish counts up to the end')
          atMs += pauseMs
          assert.ok(atMs < nowMs + given.retryForMs, 'no attempt after retryFor')
          assert.ok(attempts < given.retry, 'no attempt after the last retry')
        }
      },
    ),
  )
})
