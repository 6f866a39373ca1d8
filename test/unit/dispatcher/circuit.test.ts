import assert from 'node:assert/strict'
import { test } from 'node:test'

import { circuitAfter, closedCircuit, isOpen, isProbing } from '../../../src/dispatcher/circuit.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'

const refused: SendOutcome = { type: 'unauthorized', status: 403 }
const nowMs = 1_000_000

test('a closed circuit stays closed for anything but a refusal of our credentials', () => {
  const outcomes: SendOutcome[] = [
    { type: 'delivered' },
    { type: 'retryable', cause: 'timeout' },
    { type: 'permanent', cause: 'refused', status: 400 },
  ]
  for (const outcome of outcomes) assert.deepEqual(circuitAfter(closedCircuit, outcome, nowMs), closedCircuit)
})

test('a refusal opens it for fifteen seconds, then it is on probation', () => {
  const circuit = circuitAfter(closedCircuit, refused, nowMs)
  assert.equal(isOpen(circuit, nowMs + 14_999), true)
  assert.equal(isProbing(circuit, nowMs + 14_999), false)
  assert.equal(isOpen(circuit, nowMs + 15_000), false)
  assert.equal(isProbing(circuit, nowMs + 15_000), true)
})

test('attempts that were under way together are refused as one', () => {
  const once = circuitAfter(closedCircuit, refused, nowMs)
  assert.deepEqual(circuitAfter(once, refused, nowMs + 10), once)
})

test('refused probes double the pause, up to five minutes', () => {
  let circuit = closedCircuit
  let atMs = nowMs
  const pauses: number[] = []
  for (let probe = 0; probe < 8; probe++) {
    circuit = circuitAfter(circuit, refused, atMs)
    pauses.push(circuit.openUntilMs - atMs)
    atMs = circuit.openUntilMs
  }
  assert.deepEqual(pauses, [15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000])
})

test('a probe that is taken closes it, and so does one that is refused for the event', () => {
  const circuit = circuitAfter(closedCircuit, refused, nowMs)
  const afterMs = circuit.openUntilMs
  assert.deepEqual(circuitAfter(circuit, { type: 'delivered' }, afterMs), closedCircuit)
  assert.deepEqual(circuitAfter(circuit, { type: 'permanent', cause: 'refused', status: 422 }, afterMs), closedCircuit)
})

test('a sink that does not answer its probe has said nothing about the credentials', () => {
  const circuit = circuitAfter(closedCircuit, refused, nowMs)
  assert.deepEqual(circuitAfter(circuit, { type: 'retryable', cause: 'timeout' }, circuit.openUntilMs), circuit)
})

test('an attempt from before the refusal that is taken late does not close it', () => {
  const circuit = circuitAfter(closedCircuit, refused, nowMs)
  assert.deepEqual(circuitAfter(circuit, { type: 'delivered' }, nowMs + 1), circuit)
})
