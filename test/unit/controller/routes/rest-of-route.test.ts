import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ConditionType } from '../../../../src/api/conditions.ts'
import type { Reason } from '../../../../src/api/reasons.ts'
import type { Condition } from '../../../../src/api/status.ts'
import { nextLookMs } from '../../../../src/controller/routes/next-look.ts'
import { findingOf } from '../../../../src/controller/routes/rest-of-route.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const minuteMs = 60_000

function condition(type: ConditionType, status: Condition['status'], reason: Reason, agoMs = 0): Condition {
  const lastTransitionTime = new Date(nowMs - agoMs).toISOString()
  return { type, status, reason, message: '', observedGeneration: 1, lastTransitionTime }
}

const cases: {
  name: string
  reason: Reason
  status?: 'True'
  before?: Condition
  awaitsOthers?: true
  want: string | undefined
}[] = [
  { name: 'Ready', status: 'True', reason: 'Succeeded', want: undefined },
  { name: 'no webhook yet', reason: 'WebhookNotFound', want: 'Reconciling' },
  {
    name: 'no webhook for a while',
    reason: 'WebhookNotFound',
    before: condition('Accepted', 'False', 'WebhookNotFound', 4 * minuteMs),
    want: 'Reconciling',
  },
  {
    name: 'no webhook for long',
    reason: 'WebhookNotFound',
    before: condition('Accepted', 'False', 'WebhookNotFound', 5 * minuteMs),
    want: 'Stalled',
  },
  {
    name: 'consent that was there until now',
    reason: 'NotAllowed',
    before: condition('Accepted', 'True', 'Attached', 60 * minuteMs),
    want: 'Reconciling',
  },
  { name: 'too many routes: nobody is about to change that', reason: 'TooManyRoutes', want: 'Stalled' },
  { name: 'suspended by a person', reason: 'Suspended', want: 'Stalled' },
  { name: 'a Service that is missing', reason: 'SinkNotReady', awaitsOthers: true, want: 'Reconciling' },
  { name: 'a field that is wrong', reason: 'SinkInvalid', want: 'Stalled' },
  { name: 'what is not known yet', reason: 'Progressing', want: 'Reconciling' },
]

for (const { name, reason, status = 'False', before, awaitsOthers = false, want } of cases) {
  test(`rest: ${name}: ${want ?? 'neither'}`, () =>
    assert.equal(findingOf({ status, reason, message: '' }, { before, awaitsOthers, nowMs }), want))
}

const rest = { awaitsOthers: false, config: { sinkRecheckMs: minuteMs }, nowMs, resyncMs: 10 * minuteMs }

test('a route is looked at again with its resync, or earlier for a sink that others have to bring', () => {
  assert.equal(nextLookMs({}, rest), 10 * minuteMs)
  assert.equal(nextLookMs({}, { ...rest, awaitsOthers: true }), minuteMs)
})

test('and when what was still to come is overdue', () => {
  const accepted = condition('Accepted', 'False', 'NotAllowed', 2 * minuteMs)
  const reconciling = condition('Reconciling', 'True', 'NotAllowed', 2 * minuteMs)
  assert.equal(nextLookMs({ conditions: [accepted, reconciling] }, rest), 3 * minuteMs + 1_000)
  assert.equal(nextLookMs({ conditions: [accepted] }, rest), 10 * minuteMs, 'nothing turns any more')
})
