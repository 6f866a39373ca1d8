import assert from 'node:assert/strict'
import { test } from 'node:test'

import { defaultControllerConfig } from '../../../src/controller/config.ts'
import { isReenableCounted, viewIntent, type Recollection } from '../../../src/controller/recollection.ts'
import { aWebhook } from '../../support/a-webhook.ts'
import { anObservation } from '../../support/an-observation.ts'

const config = { ...defaultControllerConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const operation = (type: 'Create' | 'Rotate') => aWebhook().intending(type).build().status?.operation
const remembering = (changes: Partial<Recollection>): Recollection => ({ firstSightMs: 0, rush: 0, ...changes })
const own = (call: 'notMade' | 'unclear' | 'answered', sinceMs: number) =>
  remembering({ intent: { attemptID: 'attempt-1', call, sinceMs } })

const withReenables = (times: string[]) => aWebhook().registered({ reenableTimes: times }).build()

test('an intent that somebody else wrote settles by our own clock, from first sight, after the longest call and some more', () => {
  const recollection = remembering({})
  const seenMs = 1_000_000
  const settleMs = 10_000 + 30_000
  assert.deepEqual(viewIntent(operation('Create'), recollection, seenMs, config), {
    state: 'waiting',
    remainingMs: settleMs,
  })
  assert.deepEqual(viewIntent(operation('Create'), recollection, seenMs + settleMs - 1, config), {
    state: 'waiting',
    remainingMs: 1,
  })
  assert.deepEqual(viewIntent(operation('Create'), recollection, seenMs + settleMs, config), { state: 'settled' })
})

test('our own create is called at once, our own rotation two seconds after receivers can know of it', () => {
  assert.deepEqual(viewIntent(operation('Create'), own('notMade', 5_000), 5_000, config), { state: 'ready' })
  assert.deepEqual(viewIntent(operation('Rotate'), own('notMade', 5_000), 6_999, config), {
    state: 'waiting',
    remainingMs: 1,
  })
  assert.deepEqual(viewIntent(operation('Rotate'), own('notMade', 5_000), 7_000, config), { state: 'ready' })
})

test('a call of ours whose outcome is unclear settles like anybody’s; one that was answered is over', () => {
  assert.equal(viewIntent(operation('Rotate'), own('unclear', 5_000), 44_999, config).state, 'waiting')
  assert.equal(viewIntent(operation('Rotate'), own('unclear', 5_000), 45_000, config).state, 'settled')
  assert.equal(viewIntent(operation('Rotate'), own('answered', 5_000), 5_000, config).state, 'settled')
})

test('another attempt than the one remembered is not ours', () => {
  const recollection = remembering({ intent: { attemptID: 'before', call: 'notMade', sinceMs: 0 } })
  assert.equal(viewIntent(operation('Create'), recollection, 1_000, config).state, 'waiting')
})

test('an enabling counts as counted only where this process wrote the count and status shows it', () => {
  const counted = '2026-11-21T12:00:00Z'
  const memory = remembering({ reenableCountedAs: counted })
  const gaveUp = anObservation().withRemote({ state: 'disabled_due_to_failed_deliveries' }).build().remote
  assert.equal(isReenableCounted(withReenables([counted]), gaveUp, memory), true)
  assert.equal(isReenableCounted(withReenables(['2026-11-21T09:00:00Z']), gaveUp, memory), false, 'the write was lost')
  assert.equal(
    isReenableCounted(withReenables([counted]), gaveUp, remembering({})),
    false,
    'written by a process that is gone',
  )

  assert.equal(isReenableCounted(withReenables([counted]), anObservation().build().remote, memory), false, 'spent')
  assert.equal(isReenableCounted(withReenables([counted]), gaveUp, memory), false, 'the next needs another')
})
