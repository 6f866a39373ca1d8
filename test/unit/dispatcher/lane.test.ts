import assert from 'node:assert/strict'
import { test } from 'node:test'

import { capacityOf, createLane, isForgettable, mayStart, noteOutcome } from '../../../src/dispatcher/lane.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'

const nowMs = 1_000_000
const failed: SendOutcome = { type: 'retryable', cause: 'timeout' }
const taken: SendOutcome = { type: 'delivered' }

function aLane(maxInFlight: number) {
  const lane = createLane('uid/worker')
  lane.maxInFlight = maxInFlight
  return lane
}

test('a sink that takes events gets more of them at the same time, up to its own bound', () => {
  const lane = aLane(64)
  assert.equal(capacityOf(lane, nowMs), 8)
  for (let at = 0; at < 100; at++) noteOutcome(lane, taken, nowMs)
  assert.equal(capacityOf(lane, nowMs), 64)
})

test('a sink that fails gets half as many with each failure, and never less than one', () => {
  const lane = aLane(64)
  const capacities = Array.from({ length: 5 }, () => {
    noteOutcome(lane, failed, nowMs)
    return capacityOf(lane, nowMs)
  })
  assert.deepEqual(capacities, [4, 2, 1, 1, 1])
})

test('an event that is refused for good says nothing about room', () => {
  const lane = aLane(64)
  noteOutcome(lane, { type: 'permanent', cause: 'refused', status: 400 }, nowMs)
  assert.equal(capacityOf(lane, nowMs), 8)
})

test('the bound of the sink holds from the start, also when it is lowered', () => {
  assert.equal(capacityOf(aLane(1), nowMs), 1)
  const lane = aLane(64)
  for (let at = 0; at < 100; at++) noteOutcome(lane, taken, nowMs)
  lane.maxInFlight = 3
  assert.equal(capacityOf(lane, nowMs), 3)
})

test('no attempt while the circuit is open, one at a time on probation', () => {
  const lane = aLane(64)
  noteOutcome(lane, { type: 'unauthorized', status: 401 }, nowMs)
  assert.equal(capacityOf(lane, nowMs), 0)
  assert.equal(capacityOf(lane, lane.circuit.openUntilMs), 1)
})

test('the last quarter of the room is for lanes with next to nothing under way', () => {
  const lane = aLane(64)
  lane.window = 64
  lane.inFlight = 20
  assert.equal(mayStart(lane, { inFlight: 191, maxInFlight: 256 }, nowMs), true)
  assert.equal(mayStart(lane, { inFlight: 192, maxInFlight: 256 }, nowMs), false)
  lane.inFlight = 7
  assert.equal(mayStart(lane, { inFlight: 255, maxInFlight: 256 }, nowMs), true)
  assert.equal(mayStart(lane, { inFlight: 256, maxInFlight: 256 }, nowMs), false)
})

test('even a total of one leaves room for one', () => {
  assert.equal(mayStart(aLane(64), { inFlight: 0, maxInFlight: 1 }, nowMs), true)
  assert.equal(mayStart(aLane(64), { inFlight: 1, maxInFlight: 1 }, nowMs), false)
})

test('a lane is forgotten only when a new one would behave the same', () => {
  const lane = aLane(64)
  assert.equal(isForgettable(lane), true)
  noteOutcome(lane, failed, nowMs)
  assert.equal(isForgettable(lane), false)
  const refused = aLane(64)
  noteOutcome(refused, { type: 'unauthorized', status: 401 }, nowMs)
  assert.equal(isForgettable(refused), false)
})
