import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  circuitAfter,
  closedCircuit,
  isOpen,
  isProbing,
  probeNow,
  type Circuit,
} from '../../../src/dispatcher/circuit.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'

const refused: SendOutcome = { type: 'unauthorized', status: 403 }
const timeout: SendOutcome = { type: 'retryable', cause: 'timeout' }
const taken: SendOutcome = { type: 'delivered' }
const nowMs = 1_000_000
const at = (ms: number, eventId = 'msg_1') => ({ nowMs: ms, eventId })

/** Closed by an answer at that time. */
const closedAt = (lastAnswerMs: number): Circuit => ({ ...closedCircuit, lastAnswerMs })

/** After one failure each of so many different events. */
function afterFailuresOf(count: number, outcome: SendOutcome = timeout, before = closedCircuit): Circuit {
  let circuit = before
  for (let n = 0; n < count; n++) circuit = circuitAfter(circuit, outcome, at(nowMs, `msg_${n}`))
  return circuit
}

/** How long it stays open after each of so many probes that fail. */
function pausesOf(first: Circuit, outcome: SendOutcome, probes: number): number[] {
  const pauses = [first.openUntilMs - nowMs]
  for (let circuit = first; pauses.length < probes;) {
    const probedMs = circuit.openUntilMs
    circuit = circuitAfter(circuit, outcome, at(probedMs))
    pauses.push(circuit.openUntilMs - probedMs)
  }
  return pauses
}

test('what the sink takes, or refuses for the event, leaves a closed circuit closed', () => {
  for (const outcome of [taken, { type: 'permanent', cause: 'refused', status: 400 }] satisfies SendOutcome[]) {
    assert.deepEqual(circuitAfter(closedCircuit, outcome, at(nowMs)), closedAt(nowMs))
  }
})

test('a refusal opens it for fifteen seconds, then it is on probation', () => {
  const circuit = circuitAfter(closedCircuit, refused, at(nowMs))
  assert.equal(isOpen(circuit, nowMs + 14_999), true)
  assert.equal(isProbing(circuit, nowMs + 14_999), false)
  assert.equal(isOpen(circuit, nowMs + 15_000), false)
  assert.equal(isProbing(circuit, nowMs + 15_000), true)
})

test('attempts that were under way together are refused as one', () => {
  const once = circuitAfter(closedCircuit, refused, at(nowMs))
  const twice = circuitAfter(once, refused, at(nowMs + 10))
  assert.deepEqual([twice.openings, twice.openUntilMs], [once.openings, once.openUntilMs])
})

test('refused probes double the pause, up to five minutes', () => {
  const pauses = pausesOf(circuitAfter(closedCircuit, refused, at(nowMs)), refused, 8)
  assert.deepEqual(pauses, [15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000])
})

for (const outcome of [
  { type: 'retryable', cause: 'status', status: 500 },
  { type: 'retryable', cause: 'status', status: 404 },
  { type: 'retryable', cause: 'redirect', status: 302 },
  { type: 'retryable', cause: 'timeout' },
  { type: 'retryable', cause: 'connectionRefused' },
  { type: 'retryable', cause: 'nameNotResolved' },
] satisfies SendOutcome[]) {
  test(`five different events that fail in a row (${outcome.cause} ${outcome.status ?? ''}) open it, four do not`, () => {
    assert.equal(isOpen(afterFailuresOf(4, outcome), nowMs), false)
    assert.equal(isOpen(afterFailuresOf(5, outcome), nowMs), true)
  })
}

test('of a sink that took something within ten seconds it takes twenty', () => {
  assert.equal(isOpen(afterFailuresOf(19, timeout, closedAt(nowMs - 9_999)), nowMs), false)
  assert.equal(isOpen(afterFailuresOf(20, timeout, closedAt(nowMs - 9_999)), nowMs), true)
  assert.equal(isOpen(afterFailuresOf(5, timeout, closedAt(nowMs - 10_000)), nowMs), true)
})

test('a sink that takes half of what it is sent, at random, is not held back', () => {
  const random = mulberry32(7)
  let circuit = closedAt(nowMs)
  for (let n = 0; n < 5_000; n++) {
    circuit = circuitAfter(circuit, random() < 0.5 ? taken : timeout, at(nowMs + n * 10, `msg_${n}`))
    assert.equal(isOpen(circuit, nowMs + n * 10), false, `after ${n} events`)
  }
})

test('two events that fail in turn for a minute, while nothing is taken, open it too', () => {
  const first = circuitAfter(closedCircuit, timeout, at(nowMs, 'a'))
  const second = circuitAfter(first, timeout, at(nowMs + 59_999, 'b'))
  assert.equal(isOpen(second, nowMs + 59_999), false)
  assert.equal(isOpen(circuitAfter(second, timeout, at(nowMs + 60_000, 'a')), nowMs + 60_000), true)
  const taking = circuitAfter(second, taken, at(nowMs + 59_999, 'c'))
  assert.equal(isOpen(circuitAfter(taking, timeout, at(nowMs + 60_000, 'a')), nowMs + 60_000), false)
  const alone = circuitAfter(first, timeout, at(nowMs + 3_600_000, 'a'))
  assert.equal(isOpen(alone, nowMs + 3_600_000), false)
})

test('one event that fails alone opens nothing, however often, and neither do many between which others are taken', () => {
  let circuit = closedCircuit
  for (let n = 0; n < 100; n++) circuit = circuitAfter(circuit, timeout, at(nowMs, 'poison'))
  assert.equal(isOpen(circuit, nowMs), false)
  for (let n = 0; n < 100; n++) {
    circuit = circuitAfter(circuit, timeout, at(nowMs, `poison_${n}`))
    if (n % 4 === 3) circuit = circuitAfter(circuit, taken, at(nowMs, `msg_${n}`))
    assert.equal(isOpen(circuit, nowMs), false)
  }
})

test('a failing sink is probed after two seconds, then after doubling pauses of up to a minute', () => {
  const pauses = pausesOf(afterFailuresOf(5), timeout, 8)
  assert.deepEqual(pauses, [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
})

test('a probe that fails in another way than before opens it again: nothing is sent in a row', () => {
  const circuit = circuitAfter(closedCircuit, refused, at(nowMs))
  const again = circuitAfter(circuit, timeout, at(circuit.openUntilMs))
  assert.equal(isOpen(again, circuit.openUntilMs), true)
  assert.equal(again.openFor, 'failures')
  const back = circuitAfter(again, refused, at(again.openUntilMs))
  assert.deepEqual([back.openFor, back.openUntilMs - again.openUntilMs], ['credentials', 60_000])
})

test('a probe that is taken closes it, and so does one that is refused for the event', () => {
  for (const circuit of [circuitAfter(closedCircuit, refused, at(nowMs)), afterFailuresOf(5)]) {
    const after = at(circuit.openUntilMs)
    assert.deepEqual(circuitAfter(circuit, taken, after), closedAt(after.nowMs))
    const refusal: SendOutcome = { type: 'permanent', cause: 'refused', status: 422 }
    assert.deepEqual(circuitAfter(circuit, refusal, after), closedAt(after.nowMs))
  }
})

test('an event of which no request could be made says nothing about the sink', () => {
  const unsendable: SendOutcome = { type: 'permanent', cause: 'unsendable' }
  for (const circuit of [circuitAfter(closedCircuit, refused, at(nowMs)), afterFailuresOf(5), afterFailuresOf(3)]) {
    assert.deepEqual(circuitAfter(circuit, unsendable, at(circuit.openUntilMs)), circuit)
  }
})

test('an attempt from before the refusal that is taken late does not close it; one from before the failures does', () => {
  const unwanted = circuitAfter(closedCircuit, refused, at(nowMs))
  assert.deepEqual(circuitAfter(unwanted, taken, at(nowMs + 1)), unwanted)
  assert.deepEqual(circuitAfter(afterFailuresOf(5), taken, at(nowMs + 1)), closedAt(nowMs + 1))
})

test('failures that were under way when it opened do not lengthen the pause', () => {
  const open = afterFailuresOf(5)
  const late = circuitAfter(open, timeout, at(nowMs + 1, 'late'))
  assert.deepEqual([late.openings, late.openUntilMs], [open.openings, open.openUntilMs])
  assert.deepEqual(late.failed, [...open.failed, 'late'])
})

test('a refusal of our credentials opens it for those, also while it is open for failures', () => {
  const circuit = circuitAfter(afterFailuresOf(5), refused, at(nowMs + 1))
  assert.deepEqual([circuit.openFor, circuit.openings], ['credentials', 2])
  assert.equal(circuit.openUntilMs, nowMs + 1 + 30_000)
})

test('it remembers the last 64 events that failed, each once', () => {
  const { failed } = circuitAfter(afterFailuresOf(100), timeout, at(nowMs, 'msg_50'))
  const others = Array.from({ length: 64 }, (_, index) => `msg_${index + 36}`).filter((id) => id !== 'msg_50')
  assert.deepEqual(failed, [...others, 'msg_50'])
})

test('it tells when the sink failed last', () => {
  assert.equal(circuitAfter(afterFailuresOf(5), timeout, at(nowMs + 7)).lastFailureMs, nowMs + 7)
  assert.equal(circuitAfter(closedCircuit, refused, at(nowMs + 7)).lastFailureMs, nowMs + 7)
})

test('who asks for it gets a probe now, and the pause grows all the same', () => {
  const asked = probeNow(afterFailuresOf(5), nowMs + 1)
  assert.equal(isProbing(asked, nowMs + 1), true)
  const failed = circuitAfter(asked, timeout, at(nowMs + 1))
  assert.equal(failed.openUntilMs, nowMs + 1 + 4_000)
  assert.equal(probeNow(closedCircuit, nowMs), closedCircuit)
})

test('a sink whose answers are a burden is left alone like one that fails, though it takes events', () => {
  const burden: SendOutcome = { type: 'delivered', status: 200, burden: 'endlessHead' }
  const circuit = afterFailuresOf(5, burden)
  assert.deepEqual([circuit.openFor, circuit.openUntilMs], ['failures', nowMs + 2_000])
  assert.deepEqual(pausesOf(circuit, burden, 3), [2_000, 4_000, 8_000])
  const refusing: SendOutcome = { type: 'unauthorized', status: 401, burden: 'endlessHead' }
  assert.equal(circuitAfter(closedCircuit, refusing, at(nowMs)).openFor, 'credentials')
})
