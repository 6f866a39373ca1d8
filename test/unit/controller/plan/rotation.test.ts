import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhookSpec } from '../../../../src/api/spec.ts'
import type { Operation } from '../../../../src/api/status.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { isUrgent } from '../../../../src/controller/facts/urgency.ts'
import { idle } from '../../../../src/controller/plan/result.ts'
import { planRotation, wakeForRotation } from '../../../../src/controller/plan/rotation.ts'
import {
  nextRotationMs,
  requestDueMs,
  revocationOf,
  scheduleProblems,
} from '../../../../src/controller/rotation/rotation-schedule.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const leak = aWebhook()
  .spec({ rotation: { request: { id: 'leak-1', revokePrevious: 'Immediately' } } })
  .build()
const operation = (changes: Partial<Operation>): Operation => ({
  type: 'Rotate',
  attemptID: 'attempt-1',
  startTime: '2026-11-21T12:00:00Z',
  ...changes,
})

for (const { name, given, want } of [
  { name: 'the request that asks for it', given: { cause: 'Request', requestID: 'leak-1' }, want: 'immediately' },
  { name: 'a request that was replaced meanwhile', given: { cause: 'Request', requestID: 'r-0' }, want: 'after_h24' },
  { name: 'the interval', given: { cause: 'Interval' }, want: 'after_h24' },
  { name: 'a repair', given: { cause: 'Repair' }, want: 'after_h24' },
  { name: 'an adoption that came with the request', given: { cause: 'Adoption' }, want: 'after_h24' },
] as const) {
  test(`while a request for immediate revocation stands in the spec, ${name} revokes ${want}`, () => {
    assert.equal(revocationOf(leak, operation(given)), `revoke_previous_secrets_${want}`)
  })
}

test('a request without a word about revocation gives the overlap', () => {
  const webhook = aWebhook()
    .spec({ rotation: { request: { id: 'r-1' } } })
    .build()
  const asked = operation({ cause: 'Request', requestID: 'r-1' })
  assert.equal(revocationOf(webhook, asked), 'revoke_previous_secrets_after_h24')
})

const scheduled = (interval: string, metadata = {}) =>
  aWebhook()
    .registered()
    .metadata(metadata)
    .spec({ rotation: { interval } })
    .status({ rotation: { lastRotationTime: '2026-11-19T12:00:00Z' } })
const hourMs = 3_600_000
const lastMs = Date.parse('2026-11-19T12:00:00Z')

test('a rotation is due after the interval and a share of a tenth of it that is the object’s own', () => {
  const dues = ['uid-1', 'uid-2', 'uid-3'].map((uid) => nextRotationMs(scheduled('10h', { uid }).build(), lastMs) ?? 0)
  for (const due of dues) assert.ok(due >= lastMs + 10 * hourMs && due < lastMs + 11 * hourMs, String(due))
  assert.equal(new Set(dues).size, dues.length)
})

test('nothing is scheduled without an interval that can be read, nor before the first secret', () => {
  const unsecured = aWebhook().spec({ rotation: { interval: '10h' } })
  for (const webhook of [aWebhook().registered(), scheduled('soon'), unsecured, unsecured.status({ rotation: {} })]) {
    assert.equal(nextRotationMs(webhook.build(), lastMs), undefined)
  }
})

test('it is due at the very moment, not after it', () => {
  const webhook = scheduled('10h').build()
  const dueMs = nextRotationMs(webhook, lastMs) ?? assert.fail()
  const at = (nowMs: number) => planRotation(webhook, { config, nowMs })
  assert.deepEqual(at(Math.ceil(dueMs))?.actions, [{ type: 'RecordIntent', operation: 'Rotate', cause: 'Interval' }])
  assert.deepEqual(at(dueMs)?.actions, at(Math.ceil(dueMs))?.actions)
  assert.equal(at(Math.floor(dueMs) - 1), undefined)
})

test('what rests is woken for a rotation that comes before the resync, and nothing else is moved', () => {
  const webhook = scheduled('10h').build()
  const dueMs = nextRotationMs(webhook, lastMs) ?? assert.fail()
  const { resyncIntervalMs } = config
  const wake = (beforeMs: number, plan = idle()) =>
    wakeForRotation(webhook, plan, { config, nowMs: dueMs - beforeMs }).next
  assert.deepEqual(wake(5000), { type: 'after', delayMs: 5000 })
  assert.deepEqual(wake(-5000), { type: 'after', delayMs: 1 })
  assert.deepEqual(wake(resyncIntervalMs), { type: 'resync' })
  assert.deepEqual(wake(5000, idle({ type: 'retry' })), { type: 'retry' })
})

const window = { cron: '0 11 * * *', duration: '4h' }
const never = { cron: '0 0 30 2 *', duration: '1h' }

const problems = (rotation: GeminiWebhookSpec['rotation']) =>
  scheduleProblems(aWebhook().spec({ rotation }).build(), lastMs)

test('what is wrong with a schedule is said of each part, and of nothing that is well', () => {
  const unscheduled = 'spec.rotation.windows: without spec.rotation.interval nothing is scheduled in them'
  assert.deepEqual(problems(undefined), [])
  assert.deepEqual(problems({}), [])
  assert.deepEqual(problems({ interval: '10h' }), [])
  assert.deepEqual(problems({ interval: '10h', windows: [window] }), [])
  assert.deepEqual(problems({ windows: [window] }), [unscheduled])
  assert.deepEqual(problems({ interval: '10h', windows: [window, never] }).length, 1)
  assert.deepEqual(problems({ windows: [never] }).length, 2)
})

test('a request that asks for a window is told with the others, and waits for nothing that never comes', () => {
  const windowless = 'spec.rotation.request.window: Next waits for one of spec.rotation.windows, and there is none'
  const request = { id: 'leak-1', window: 'Next' } as const
  assert.deepEqual(problems({ request, windows: [window] }), [])
  assert.deepEqual(problems({ request }), [windowless])
  assert.deepEqual(problems({ request: { id: 'leak-1', window: 'Now' } }), [])
  assert.deepEqual(problems({ request: { id: 'leak-1' }, windows: [window] }), [])
  const asked = (windows: { cron: string; duration: string }[]) =>
    aWebhook().registered().spec({ rotation: { request, windows } }).build()
  for (const webhook of [asked([]), asked([never])]) {
    assert.equal(planRotation(webhook, { config, nowMs: lastMs }), undefined)
    assert.equal(nextRotationMs(webhook, lastMs), undefined)
  }
})

test('a request that was answered is no problem when its windows go', () => {
  const request = { id: 'leak-1', window: 'Next' } as const
  const answered = aWebhook()
    .spec({ rotation: { request } })
    .status({ rotation: { handledRequestIDs: ['leak-1'] } })
  assert.deepEqual(scheduleProblems(answered.build(), lastMs), [])
})

test('a request waits for a place of its own in the first half of the window, and is due until it closes', () => {
  const request = { id: 'leak-1', window: 'Next' } as const
  const opensMs = Date.parse('2026-11-20T11:00:00Z')
  const places = ['uid-1', 'uid-2', 'uid-3'].map((uid) => {
    const webhook = aWebhook()
      .registered()
      .metadata({ uid })
      .spec({ rotation: { request, windows: [window] } })
      .build()
    const dueMs = requestDueMs(webhook, Date.parse('2026-11-19T15:00:00Z')) ?? assert.fail()
    assert.ok(dueMs >= opensMs && dueMs <= opensMs + 2 * hourMs, new Date(dueMs).toISOString())
    assert.equal(
      requestDueMs(webhook, Date.parse('2026-11-20T14:59:59Z')),
      dueMs,
      'it stands still while the window is open',
    )
    assert.ok(
      (requestDueMs(webhook, Date.parse('2026-11-20T15:00:00Z')) ?? 0) > dueMs + 20 * hourMs,
      'then the next day',
    )
    return dueMs
  })
  assert.equal(new Set(places).size, places.length)
})

test('a request that was answered waits for nothing, and one that waits is not urgent', () => {
  const spec = { rotation: { request: { id: 'leak-1', window: 'Next' as const }, windows: [window] } }
  const waiting = aWebhook().registered().spec(spec)
  const answered = waiting.status({ rotation: { handledRequestIDs: ['leak-1'] } }).build()
  assert.equal(requestDueMs(answered, lastMs), undefined)
  assert.equal(isUrgent(waiting.build()), false)
  assert.equal(isUrgent(waiting.spec({ rotation: { request: { id: 'leak-1' } } }).build()), true)
})

test('a request that is gone from the spec gets the overlap', () => {
  const asked = operation({ cause: 'Request', requestID: 'r-1' })
  for (const webhook of [aWebhook(), aWebhook().spec({ rotation: {} })]) {
    assert.equal(revocationOf(webhook.build(), asked), 'revoke_previous_secrets_after_h24')
  }
  assert.equal(
    revocationOf(leak, operation({ cause: 'Repair', requestID: 'leak-1' })),
    'revoke_previous_secrets_after_h24',
  )
})
