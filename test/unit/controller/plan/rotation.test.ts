import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhookSpec } from '../../../../src/api/spec.ts'
import type { Operation } from '../../../../src/api/status.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { idle } from '../../../../src/controller/plan/result.ts'
import { planRotation, wakeForRotation } from '../../../../src/controller/plan/rotation.ts'
import {
  nextRotationMs,
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
