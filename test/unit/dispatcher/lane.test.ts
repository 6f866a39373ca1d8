import assert from 'node:assert/strict'
import { test } from 'node:test'

import { routesSinkName } from '../../../src/contract/route-owner.ts'
import {
  capacityOf,
  createLane,
  isForgettable,
  mayStart,
  noteOutcome,
  takeNext,
  type Lane,
} from '../../../src/dispatcher/lane.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aClaim } from '../../support/builders/deliveries.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'

const nowMs = 1_000_000
const at = { eventId: 'msg_1', nowMs }
const failed: SendOutcome = { type: 'retryable', cause: 'timeout' }
const taken: SendOutcome = { type: 'delivered' }

function aLane(maxInFlight: number) {
  const lane = createLane(['ml', 'uid', 'worker'])
  lane.maxInFlight = maxInFlight
  return lane
}

test('a sink that takes events gets more of them at the same time, up to its own bound', () => {
  const lane = aLane(64)
  assert.equal(capacityOf(lane, nowMs), 8)
  for (let round = 0; round < 100; round++) noteOutcome(lane, taken, at)
  assert.equal(capacityOf(lane, nowMs), 64)
})

test('each event that is taken makes room for one more', () => {
  const lane = aLane(64)
  noteOutcome(lane, taken, at)
  assert.equal(capacityOf(lane, nowMs), 9)
})

test('a sink that fails gets half as many with each failure, and never less than one', () => {
  const lane = aLane(64)
  const capacities = Array.from({ length: 5 }, () => {
    noteOutcome(lane, failed, at)
    return capacityOf(lane, nowMs)
  })
  assert.deepEqual(capacities, [4, 2, 1, 1, 1])
})

test('an event that is refused for good says nothing about room', () => {
  const lane = aLane(64)
  noteOutcome(lane, { type: 'permanent', cause: 'refused', status: 400 }, at)
  assert.equal(capacityOf(lane, nowMs), 8)
})

test('the bound of the sink holds from the start, also when it is lowered', () => {
  assert.equal(capacityOf(aLane(1), nowMs), 1)
  const lane = aLane(64)
  for (let round = 0; round < 100; round++) noteOutcome(lane, taken, at)
  lane.maxInFlight = 3
  assert.equal(capacityOf(lane, nowMs), 3)
})

test('no attempt while the circuit is open, one at a time on probation', () => {
  const lane = aLane(64)
  noteOutcome(lane, { type: 'unauthorized', status: 401 }, at)
  assert.equal(capacityOf(lane, nowMs), 0)
  assert.equal(capacityOf(lane, lane.circuit.openUntilMs), 1)
})

test('a closed lane has no attempt until its time is up, then one, and is remembered until it is open again', () => {
  const lane = aLane(64)
  lane.closedUntilMs = nowMs + 1
  assert.deepEqual([capacityOf(lane, nowMs), capacityOf(lane, nowMs + 1), isForgettable(lane)], [0, 1, false])
  lane.closedUntilMs = 0
  assert.deepEqual([capacityOf(lane, nowMs), isForgettable(lane)], [8, true])
})

test('a sink whose answers are a burden gets half as many, though it takes events', () => {
  const lane = aLane(64)
  noteOutcome(lane, { type: 'delivered', status: 200, burden: 'endlessHead' }, at)
  assert.equal(capacityOf(lane, nowMs), 4)
})

test('a lane whose sink has shown that it takes much is held to nothing but that', () => {
  const lane = aLane(64)
  lane.window = 64
  lane.inFlight = 63
  assert.equal(mayStart(lane, { used: 255, free: 0.1 }, { nowMs }), true)
  lane.inFlight = 64
  assert.equal(mayStart(lane, { used: 64, free: 192 }, { nowMs }), false)
})

const besideHalf = (own: number) => ({ used: 100 + own, free: 100 - own })

test('of what others of its namespace leave a new lane gets as large a part of its first eight', () => {
  const lane = aLane(64)
  lane.inFlight = 3
  assert.equal(mayStart(lane, besideHalf(3), { nowMs }), true)
  lane.inFlight = 4
  assert.equal(mayStart(lane, besideHalf(4), { nowMs }), false)
  lane.inFlight = 7
  assert.equal(mayStart(lane, { used: 7, free: 44.2 }, { nowMs }), true, 'alone it has them all')
})

test('those that come before it count as if they had begun', () => {
  const lane = aLane(64)
  lane.inFlight = 5
  const alone = { used: 5, free: 40 }
  assert.deepEqual(
    [2, 3].map((ahead) => mayStart(lane, alone, { nowMs, ahead })),
    [true, false],
  )
  lane.window = 10
  assert.deepEqual(
    [4, 5].map((ahead) => mayStart(lane, alone, { nowMs, ahead })),
    [true, false],
  )
})

test('the routing step has all its places at once', () => {
  const lane = createLane(['ml', 'uid', routesSinkName])
  lane.maxInFlight = 64
  assert.equal(capacityOf(lane, nowMs), 64)
  assert.equal(isForgettable(lane), true)
})

test('however much room there is, no lane starts more than its sink is allowed', () => {
  const roomy = { used: 0, free: 204.8 }
  const narrow = aLane(3)
  narrow.inFlight = 3
  assert.equal(mayStart(narrow, roomy, { nowMs }), false)
  const refused = aLane(64)
  noteOutcome(refused, { type: 'unauthorized', status: 401 }, at)
  assert.equal(mayStart(refused, roomy, { nowMs }), false)
  const { openUntilMs } = refused.circuit
  assert.equal(mayStart(refused, roomy, { nowMs: openUntilMs }), true)
  refused.inFlight = 1
  assert.equal(mayStart(refused, roomy, { nowMs: openUntilMs }), false)
})

test('a lane is forgotten only when a new one would behave the same', () => {
  const lane = aLane(64)
  assert.equal(isForgettable(lane), true)
  noteOutcome(lane, failed, at)
  assert.equal(isForgettable(lane), false)
  const refused = aLane(64)
  noteOutcome(refused, { type: 'unauthorized', status: 401 }, at)
  assert.equal(isForgettable(refused), false)
})

test('a lane with something to do is not forgotten', () => {
  const sending = aLane(64)
  sending.inFlight = 1
  assert.equal(isForgettable(sending), false)
  const waiting = aLane(64)
  waiting.waiting.push({ delivery: aClaim(), leaseUntilMs: nowMs })
  assert.equal(isForgettable(waiting), false)
})

test('a lane that has shown less room than a new one is given is remembered until it has as much', () => {
  const lane = aLane(64)
  noteOutcome(lane, failed, at)
  const forgettable = Array.from({ length: 4 }, () => {
    noteOutcome(lane, taken, at)
    return isForgettable(lane)
  })
  assert.deepEqual(forgettable, [false, false, false, true])
})

test('a delivery that was sent before our credentials were refused, and is taken late, hurries nothing', () => {
  const lane = aLane(64)
  for (const eventId of ['a', 'b']) noteOutcome(lane, failed, { eventId, nowMs })
  noteOutcome(lane, { type: 'unauthorized', status: 401 }, at)
  noteOutcome(lane, taken, at)
  assert.equal(lane.ramp, undefined)
})

test('a lane whose backlog was hurried is remembered: it is not hurried again so soon', () => {
  const lane = aLane(64)
  for (const eventId of ['a', 'b']) noteOutcome(lane, failed, { eventId, nowMs })
  for (let round = 0; round < 100; round++) noteOutcome(lane, taken, at)
  assert.equal(lane.ramp?.startedMs, nowMs)
  lane.ramp = undefined
  assert.equal(isForgettable(lane), false)
})

function wait(lane: Lane, ...eventIds: string[]): void {
  for (const eventId of eventIds) {
    lane.waiting.push({ delivery: aClaim({ event: anEvent({ eventId }) }), leaseUntilMs: nowMs })
  }
}

const take = (lane: Lane, atMs: number) => takeNext(lane, atMs)?.delivery.event.eventId

test('the probe is one that did not fail yet, then the one that failed longest ago', () => {
  const lane = aLane(64)
  wait(lane, 'a', 'b', 'c', 'd', 'e', 'fresh', 'fresher')
  for (const eventId of ['b', 'a', 'c', 'd', 'e', 'b']) noteOutcome(lane, failed, { eventId, nowMs })
  const probes = Array.from({ length: 7 }, () => take(lane, lane.circuit.openUntilMs))
  assert.deepEqual(probes, ['fresh', 'fresher', 'a', 'c', 'd', 'e', 'b'])
  assert.equal(lane.waiting.length, 0)
})

test('but for probes they go as they came, whether they failed before or not', () => {
  const lane = aLane(64)
  wait(lane, 'failed', 'fresh')
  noteOutcome(lane, failed, { eventId: 'failed', nowMs })
  assert.deepEqual([take(lane, nowMs), take(lane, nowMs), take(lane, nowMs)], ['failed', 'fresh', undefined])
})
