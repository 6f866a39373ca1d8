import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SinkHealth } from '../../../src/dispatcher/sink-health.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'

const worker = { namespace: 'ml', ownerUid: 'uid-1', sink: 'worker' }
const unavailable: SendOutcome = { type: 'retryable', cause: 'status', status: 503 }
const refused: SendOutcome = { type: 'permanent', cause: 'refused', status: 422 }
const taken: SendOutcome = { type: 'delivered', status: 202 }

/** Outcomes at so many seconds; answers what is told of the sink at a second. */
function after(...outcomes: readonly [atSecond: number, outcome: SendOutcome][]) {
  const health = new SinkHealth()
  for (const [second, outcome] of outcomes) health.noteOutcome(worker, 'http', outcome, second * 1000)
  return (second: number) => health.states(second * 1000).find(({ sink }) => sink === 'worker')?.failing
}

test('a sink fails once its failures have lasted for ten seconds, since the first, for the last reason', () => {
  const at = after([1, unavailable], [3, { type: 'retryable', cause: 'timeout' }])
  assert.equal(at(10.9), undefined)
  assert.deepEqual(at(11), { sinceMs: 1_000, cause: 'timeout' })
})

test('one success in between begins the row anew', () => {
  const at = after([1, unavailable], [9, taken], [10, unavailable])
  assert.equal(at(19), undefined)
  assert.deepEqual(at(20), { sinceMs: 10_000, cause: 'status', status: 503 })
})

test('one event that is refused for good may be to blame itself, two in a row are not', () => {
  assert.equal(after([1, refused])(3_600), undefined)
  assert.deepEqual(after([1, refused], [2, refused])(12), { sinceMs: 1_000, cause: 'refused', status: 422 })
})

test('refused credentials are a failure of their own name', () => {
  const at = after([1, { type: 'unauthorized', status: 403 }])
  assert.deepEqual(at(11), { sinceMs: 1_000, cause: 'unauthorized', status: 403 })
})

test('a sink has recovered with ten successes in a row, or with one and a quiet while', () => {
  const failing = [[1, unavailable] as const, [20, unavailable] as const]
  const one = after(...failing.map(([s, o]): [number, SendOutcome] => [s, o]), [21, taken])
  assert.notEqual(one(34), undefined)
  assert.equal(one(35), undefined)
  const ten = Array.from({ length: 10 }, (): [number, SendOutcome] => [21, taken])
  assert.equal(after([1, unavailable], [20, unavailable], ...ten)(21), undefined)
})

test('a sink that answers now and then goes on failing, since the beginning', () => {
  const health = new SinkHealth()
  const told: (number | undefined)[] = []
  for (let second = 1; second <= 120; second++) {
    health.noteOutcome(worker, 'http', second > 15 && second % 7 === 0 ? taken : unavailable, second * 1000)
    told.push(health.states(second * 1000)[0]?.failing?.sinceMs)
  }
  assert.deepEqual([...new Set(told)], [undefined, 1_000], 'it turns once')
})

test('what is not known any more is forgotten, and memory is bounded: what is well goes first', () => {
  const health = new SinkHealth()
  health.noteOutcome(worker, 'http', unavailable, 0)
  for (let at = 0; at < 5_000; at++)
    health.noteOutcome({ ...worker, ownerUid: 'uid-2', sink: `s-${at}` }, 'http', taken, 1)
  const states = health.states(20_000)
  assert.equal(states.length, 4_096)
  assert.equal(states.filter(({ failing }) => failing !== undefined).length, 1)
  assert.deepEqual(health.states(20_000, ({ ownerUid }) => ownerUid === 'uid-1').length, 1)
  assert.equal(health.states(20_000).length, 1)
})

test("a namespace with thousands of sinks that fail pushes out its own, and nobody else's", () => {
  const health = new SinkHealth()
  const isFailing = () =>
    health.states(60_000).some(({ ownerUid, failing }) => ownerUid === 'uid-1' && failing !== undefined)
  health.noteOutcome(worker, 'http', unavailable, 0)
  for (let at = 0; at < 10_000; at++) {
    health.noteOutcome(
      { namespace: 'hog', ownerUid: `uid-${at % 700}-of-hog`, sink: `s-${at}` },
      'http',
      unavailable,
      1,
    )
  }
  assert.ok(isFailing())
  assert.equal(health.states(60_000).length, 4_096)
  assert.equal(health.states(60_000, ({ ownerUid }) => ownerUid === 'uid-1').length, 1)
  for (let at = 0; at < 4_096; at++) health.noteOutcome({ ...worker, sink: `s-${at}` }, 'http', unavailable, 1)
  assert.equal(health.states(60_000).length, 4_096, 'what was forgotten leaves its room')
})

test('a sink that takes events with answers that are a burden fails, and people are told why', () => {
  const at = after([1, { ...taken, burden: 'endlessHead' }])
  assert.deepEqual(at(11), { sinceMs: 1_000, cause: 'malformedAnswer', status: 202 })
})
