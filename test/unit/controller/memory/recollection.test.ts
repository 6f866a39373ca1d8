import assert from 'node:assert/strict'
import { test } from 'node:test'

import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { reconcileRequestedAtAnnotation } from '../../../../src/api/names.ts'
import { intentInStatus, viewIntent, type RememberedIntent } from '../../../../src/controller/memory/intent.ts'
import { Memory } from '../../../../src/controller/memory/memory.ts'
import { countedReenable, isReenableCounted } from '../../../../src/controller/memory/recollection.ts'
import { afterSetback, viewSetback, type Setback } from '../../../../src/controller/memory/setbacks.ts'
import { longestPauseMs } from '../../../../src/controller/config.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'

const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const operation = (type: 'Create' | 'Rotate') => aWebhook().intending(type).build().status?.operation
const own = (call: RememberedIntent['call'], sinceMs: number) => ({ attemptID: 'attempt-1', call, sinceMs })

function viewOf(type: 'Create' | 'Rotate', known: RememberedIntent | undefined, nowMs: number) {
  return viewIntent(operation(type), intentInStatus(operation(type), known, nowMs), nowMs, config)
}

const withReenables = (times: string[]) => aWebhook().registered({ reenableTimes: times }).build()

test('an intent that somebody else wrote settles by our own clock, from first sight, after the longest call and some more', () => {
  const seenMs = 1_000_000
  const settleMs = 10_000 + 30_000
  const intent = intentInStatus(operation('Create'), undefined, seenMs)
  assert.deepEqual(viewOf('Create', intent, seenMs), { state: 'waiting', remainingMs: settleMs })
  assert.deepEqual(viewOf('Create', intent, seenMs + settleMs - 1), { state: 'waiting', remainingMs: 1 })
  assert.deepEqual(viewOf('Create', intent, seenMs + settleMs), { state: 'settled' })
})

test('our own create is called at once, our own rotation two seconds after receivers can know of it', () => {
  assert.deepEqual(viewOf('Create', own('notMade', 5_000), 5_000), { state: 'ready' })
  assert.deepEqual(viewOf('Rotate', own('notMade', 5_000), 6_999), { state: 'waiting', remainingMs: 1 })
  assert.deepEqual(viewOf('Rotate', own('notMade', 5_000), 7_000), { state: 'ready' })
})

test('a call of ours whose outcome is unclear settles like anybody’s; one that was answered is over', () => {
  assert.equal(viewOf('Rotate', own('unclear', 5_000), 44_999).state, 'waiting')
  assert.equal(viewOf('Rotate', own('unclear', 5_000), 45_000).state, 'settled')
  assert.equal(viewOf('Rotate', own('answered', 5_000), 5_000).state, 'settled')
})

test('another attempt than the one remembered is not ours', () => {
  assert.equal(viewOf('Create', { attemptID: 'before', call: 'notMade', sinceMs: 0 }, 1_000).state, 'waiting')
})

test('an enabling counts as counted only where this process wrote the count and status shows it', () => {
  const counted = '2026-11-21T12:00:00Z'
  const memory = { reenableCountedAs: counted }
  const gaveUp = anObservation().withRemote({ state: 'disabled_due_to_failed_deliveries' }).build().remote
  const isCounted = (times: string[], remembered: { reenableCountedAs?: string }, remote = gaveUp) =>
    isReenableCounted(withReenables(times), { reenableCountedAs: countedReenable(remembered, remote) })
  assert.equal(isCounted([counted], memory), true)
  assert.equal(isCounted(['2026-11-21T09:00:00Z'], memory), false, 'the write was lost')
  assert.equal(isCounted([counted], {}), false, 'written by a process that is gone')

  const enabled = anObservation().build().remote
  assert.equal(isCounted([counted], memory, enabled), false, 'spent')
  assert.equal(countedReenable(memory, enabled), undefined, 'and forgotten: the next needs another')
})

const settleMs = 40_000

interface Remembered {
  setback?: Setback
  fingerprint?: string
}

/** Fails a call so many times in a row; returns how long each next one is held back. */
function pausesAfter(
  times: number,
  {
    recollection = {},
    random = () => 1,
    webhook = aWebhook().build(),
    operation = 'Create',
  }: {
    recollection?: Remembered
    random?: () => number
    webhook?: GeminiWebhook
    operation?: 'Create' | 'Rotate'
  } = {},
): number[] {
  const clock = new FakeClock()
  return Array.from({ length: times }, () => {
    const failed = { operation, why: 'Google answered 500' }
    const subject = { webhook, fingerprint: recollection.fingerprint }
    const nowMs = clock.monotonic()
    recollection.setback = afterSetback(recollection.setback, failed, subject, { nowMs, random, config })
    return viewSetback(recollection.setback, subject, nowMs)?.remainingMs ?? 0
  })
}

test('after a first failure nothing is held back; from then on the pause after the settle time doubles up to its maximum', () => {
  const beyondSettling = pausesAfter(9).map((pauseMs) => Math.max(pauseMs - settleMs, 0))
  assert.deepEqual(beyondSettling, [0, 40_000, 80_000, 160_000, 320_000, 640_000, 900_000, 900_000, 900_000])
  assert.equal(longestPauseMs, 900_000)
})

test('pauses are spread over their whole length, so that those that failed together do not come back together', () => {
  assert.deepEqual(
    pausesAfter(9, { random: () => 0 }).slice(1),
    Array.from({ length: 8 }, () => settleMs),
  )
  assert.deepEqual(pausesAfter(8, { random: () => 0.5 }).at(-1), settleMs + longestPauseMs / 2)
})

test('a pause is over when its time has passed', () => {
  const recollection: Remembered = {}
  const [, pauseMs = 0] = pausesAfter(2, { recollection })
  assert.equal(viewSetback(recollection.setback, { webhook: aWebhook().build() }, pauseMs - 1)?.remainingMs, 1)
  assert.equal(viewSetback(recollection.setback, { webhook: aWebhook().build() }, pauseMs), undefined)
})

const otherOccasions: { what: string; webhook?: GeminiWebhook; fingerprint?: string }[] = [
  { what: 'a changed spec', webhook: aWebhook().metadata({ generation: 2 }).build() },
  { what: 'another API key', fingerprint: 'another' },
  {
    what: 'a new request to look now',
    webhook: aWebhook()
      .metadata({ annotations: { [reconcileRequestedAtAnnotation]: 'now' } })
      .build(),
  },
]
for (const { what, webhook = aWebhook().build(), fingerprint } of otherOccasions) {
  test(`${what} is tried at once, and its own failures are counted from one`, () => {
    const recollection: Remembered = { fingerprint: 'first' }
    pausesAfter(8, { recollection })
    recollection.fingerprint = fingerprint ?? 'first'
    const subject = { webhook, fingerprint: recollection.fingerprint }
    assert.equal(viewSetback(recollection.setback, subject, 0), undefined)
    assert.deepEqual(pausesAfter(2, { recollection, webhook }), [0, 2 * settleMs])
  })
}

test('a create that failed holds no rotation back: it is what repairs a create whose answer was lost', () => {
  const recollection: Remembered = {}
  pausesAfter(8, { recollection })
  assert.deepEqual(pausesAfter(1, { recollection, operation: 'Rotate' }), [0])
})

test('an object that needs no API key any more keeps none in use', () => {
  const memory = new Memory(aWebhook().build(), new FakeClock())
  memory.sawKey('f')
  assert.equal(memory.view.fingerprint, 'f')
  memory.neededNoKey()
  assert.deepEqual([memory.view.fingerprint, memory.view.keylessSinceMs], [undefined, undefined])
})
