import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { BackfillSpec, BackfillStatus } from '../../../../src/api/backfill.ts'
import { backfillRequestProblem, backfillTaskOf } from '../../../../src/controller/backfill/backfill-task.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const hourMs = 3_600_000
const iso = (ms: number) => new Date(ms).toISOString()

function given(backfill: BackfillSpec, status: BackfillStatus = {}) {
  const since = '2026-11-01T00:00:00Z'
  return aWebhook()
    .registered()
    .spec({ backfill })
    .status({ backfill: { since, ...status } })
    .build()
}

test('by default what ended from 72 hours to half an hour ago is looked for', () => {
  assert.deepEqual(backfillTaskOf(given({}), nowMs), {
    fromMs: nowMs - 72 * hourMs,
    toMs: nowMs - hourMs / 2,
    oldestMs: nowMs - 72 * hourMs,
    intervalMs: hourMs / 2,
  })
})

test('what ended before receivers could tell is not sent, and is left for the count', () => {
  const task = backfillTaskOf(given({ lookback: '24h', grace: '1h' }, { since: iso(nowMs - 2 * hourMs) }), nowMs)
  assert.deepEqual(
    [task?.fromMs, task?.toMs, task?.oldestMs],
    [nowMs - 2 * hourMs, nowMs - hourMs, nowMs - 24 * hourMs],
  )
})

test('nothing is looked for without backfill, or before receivers can tell', () => {
  assert.equal(backfillTaskOf(aWebhook().registered().build(), nowMs), undefined)
  assert.equal(backfillTaskOf(aWebhook().registered().spec({ backfill: {} }).build(), nowMs), undefined)
})

test('a request reaches back to its time, or over the whole lookback', () => {
  const status = { since: iso(nowMs - hourMs) }
  const whole = backfillTaskOf(given({ request: { id: 'a' } }, status), nowMs)
  assert.deepEqual([whole?.fromMs, whole?.requestID], [nowMs - 72 * hourMs, 'a'])
  const partial = backfillTaskOf(given({ request: { id: 'a', since: iso(nowMs - 5 * hourMs) } }, status), nowMs)
  assert.deepEqual([partial?.fromMs, partial?.requestID], [nowMs - 5 * hourMs, 'a'])
})

test('a request for less than is looked for anyway narrows nothing, and is answered', () => {
  const task = backfillTaskOf(given({ request: { id: 'a', since: iso(nowMs - hourMs) } }), nowMs)
  assert.deepEqual([task?.fromMs, task?.requestID], [nowMs - 72 * hourMs, 'a'])
})

test('a request that was handled once, however long ago, is handled no more', () => {
  const handledRequestIDs = ['z', 'a', 'b']
  const webhook = given({ request: { id: 'a', since: iso(nowMs - 500 * hourMs) } }, { handledRequestIDs })
  assert.equal(backfillTaskOf(webhook, nowMs)?.requestID, undefined)
  assert.equal(backfillRequestProblem(webhook, nowMs), undefined)
})

test('a request for the whole lookback is answered although some time has passed since it was made', () => {
  const webhook = given({ request: { id: 'a', since: iso(nowMs - 72 * hourMs) } }, { since: iso(nowMs) })
  const task = backfillTaskOf(webhook, nowMs + hourMs / 2)
  assert.deepEqual([task?.fromMs, task?.requestID], [nowMs - 72 * hourMs, 'a'])
})

const refused: [string, string, RegExp][] = [
  ['for more than the lookback', iso(nowMs - 74 * hourMs), /request a is longer ago than spec\.backfill\.lookback/],
  ['for the future', iso(nowMs + hourMs), /request a is in the future/],
  ['for no time', 'yesterday', /request a is not a time/],
]
for (const [name, since, message] of refused) {
  test(`a request ${name} is refused in words, and the rest goes on`, () => {
    const webhook = given({ request: { id: 'a', since } })
    assert.match(backfillRequestProblem(webhook, nowMs) ?? '', message)
    const task = backfillTaskOf(webhook, nowMs)
    assert.deepEqual([task?.fromMs, task?.requestID], [nowMs - 72 * hourMs, undefined])
  })
}
