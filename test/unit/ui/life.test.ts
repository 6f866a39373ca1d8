import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { DeadLetter, LiveEntry, PendingDelivery } from '../../../src/contract/page/deliveries.ts'
import { lifeOf } from '../../../src/ui/deliveries/life.ts'

const key = { namespace: 'ml', name: 'batch-events', eventId: 'msg_1' }
const request: LiveEntry = {
  ...key,
  number: 0,
  pod: 'p',
  kind: 'request',
  at: '2026-11-21T12:00:00.010Z',
  route: '/',
  outcome: 'Stored',
  status: 204,
  keyId: 'abcd',
  bodyBytes: 90,
  durationMs: 10,
  headers: { 'webhook-timestamp': '1795262399' },
}
function aStep(second: number, next: string, fields: Partial<Extract<LiveEntry, { kind: 'step' }>> = {}): LiveEntry {
  const attempt = {
    number: second,
    sinkType: 'http',
    outcome: 'retryable',
    cause: 'status 503',
    replayed: false,
    durationMs: 4,
  }
  const at = `2026-11-21T12:00:0${second}.000Z`
  return { ...key, number: second, pod: 'p', kind: 'step', at, sink: 'worker', next, attempt, ...fields }
}
const kept = { ...key, id: 'p/7', pod: 'p', eventType: 'batch.failed', sink: 'worker', attempts: 2 }
const nothing = { entries: [], pending: [], deadLetters: [], without: [] }

test('a delivery of which nothing is known has no life', () => {
  assert.equal(lifeOf(key, nothing), undefined)
})

test('from the request over failed attempts to the one that is to come, in order of time', () => {
  const pending: PendingDelivery = {
    ...kept,
    state: 'waiting',
    replayed: false,
    since: '2026-11-21T12:00:00Z',
    nextTryAt: '2026-11-21T12:01:00Z',
  }
  const entries = [request, aStep(1, 'RetryAt'), aStep(3, 'RetryAt')]
  const life = lifeOf(key, { ...nothing, entries, pending: [pending] })
  assert.deepEqual(
    life?.steps.map(({ kind, state, says }) => `${kind} ${state} ${says}`),
    [
      'sent Good sent by Google',
      'received Good received, 90 bytes',
      'verified Good verified with abcd',
      'stored Good stored, answered 204',
      'attempt Broken worker, attempt 1: status 503',
      'attempt Broken worker, attempt 3: status 503',
      'next Open worker, next attempt',
    ],
  )
  assert.deepEqual(life?.sinks, [{ sink: 'worker', state: 'Pending', id: 'p/7', nextTryAt: '2026-11-21T12:01:00Z' }])
  assert.equal(life?.eventType, 'batch.failed')
  assert.ok('why' in (life?.body ?? {}))
})

test('a dead letter ends broken, and its body can be asked for', () => {
  const letter: DeadLetter = { ...kept, attempts: 1, reason: 'Rejected', endedAt: '2026-11-21T12:00:01Z' }
  const entries = [request, aStep(1, 'DeadLetter', { reason: 'Rejected' })]
  const life = lifeOf(key, { ...nothing, entries, deadLetters: [letter] })
  assert.equal(life?.steps.at(-1)?.says, 'worker: given up, Rejected')
  assert.deepEqual([life?.sinks[0]?.state, life?.body], ['DeadLetter', { id: 'p/7' }])
  assert.equal(life?.sinks[0]?.why, 'Rejected after 1 attempt')
  const tried = { ...letter, attempts: 61, lastCause: 'status 503' }
  const told = lifeOf(key, { ...nothing, entries, deadLetters: [tried] })
  assert.equal(told?.sinks[0]?.why, 'Rejected after 61 attempts, status 503')
})

test('each sink has its own end; what the filter does not want was not sent', () => {
  const { attempt: _, ...skipped } = aStep(2, 'Skip', { sink: 'cluster' }) as Extract<LiveEntry, { kind: 'step' }>
  const life = lifeOf(key, { ...nothing, entries: [request, aStep(1, 'Succeed'), skipped] })
  assert.deepEqual(life?.sinks, [
    { sink: 'worker', state: 'Delivered' },
    { sink: 'cluster', state: 'Skipped' },
  ])
  assert.equal(life?.steps.filter(({ kind }) => kind === 'attempt').length, 1)
})

test('a request that was refused is broken where it ended', () => {
  const entries = [{ ...request, outcome: 'InboxUnavailable', status: 503 }]
  const last = lifeOf(key, { ...nothing, entries })?.steps.at(-1)
  assert.deepEqual([last?.kind, last?.state, last?.says], ['refused', 'Broken', 'InboxUnavailable, answered 503'])
})
