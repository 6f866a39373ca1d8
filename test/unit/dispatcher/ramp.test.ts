import assert from 'node:assert/strict'
import { test } from 'node:test'

import { closedCircuit, type Circuit } from '../../../src/dispatcher/circuit.ts'
import { rampAfterSuccess, spend } from '../../../src/dispatcher/ramp.ts'

const nowMs = 1_000_000
const never = { lastStartedMs: -Infinity, nowMs }
const open: Circuit = { ...closedCircuit, openFor: 'failures', openings: 3, openUntilMs: nowMs }

test('a sink that was down and takes a delivery has its backlog hurried, two for each that is taken', () => {
  const ramp = rampAfterSuccess(undefined, open, never)
  assert.deepEqual(ramp, { startedMs: nowMs, credit: 2 })
  assert.deepEqual(rampAfterSuccess(ramp, closedCircuit, { lastStartedMs: nowMs, nowMs: nowMs + 5 }), {
    startedMs: nowMs,
    credit: 4,
  })
})

test('two events that failed are a backlog too, one may be the fault of the event', () => {
  assert.equal(rampAfterSuccess(undefined, { ...closedCircuit, failed: ['a'] }, never), undefined)
  assert.notEqual(rampAfterSuccess(undefined, { ...closedCircuit, failed: ['a', 'b'] }, never), undefined)
})

test('no second ramp within five minutes', () => {
  const after = (ms: number) => rampAfterSuccess(undefined, open, { lastStartedMs: nowMs, nowMs: nowMs + ms })
  assert.equal(after(299_999), undefined)
  assert.deepEqual(after(300_000), { startedMs: nowMs + 300_000, credit: 2 })
})

test('one call makes no more than 64 due', () => {
  assert.deepEqual(spend({ startedMs: 1, credit: 100 }), { limit: 64, ramp: { startedMs: 1, credit: 36 } })
  assert.deepEqual(spend({ startedMs: 1, credit: 2 }), { limit: 2, ramp: { startedMs: 1, credit: 0 } })
})
