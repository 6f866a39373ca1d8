import assert from 'node:assert/strict'
import { test } from 'node:test'

import { removeCondition, setCondition, type Condition } from '../../../src/kubernetes/conditions.ts'

const noon = Date.parse('2026-11-21T12:00:00.123Z')
const later = noon + 3_600_000

const ready: Omit<Condition, 'lastTransitionTime'> = {
  type: 'Ready',
  status: 'True',
  reason: 'Succeeded',
  message: 'All is well',
  observedGeneration: 1,
}

test('a new condition is added last, with the time to the second', () => {
  const conditions = setCondition<Condition>([], ready, noon)
  assert.deepEqual(conditions, [{ ...ready, lastTransitionTime: '2026-11-21T12:00:00Z' }])
  const two = setCondition(conditions, { ...ready, type: 'InSync' }, later)
  assert.deepEqual(
    two.map(({ type }) => type),
    ['Ready', 'InSync'],
  )
})

test('the transition time moves with the status only', () => {
  const first = setCondition<Condition>([], ready, noon)
  const reworded = setCondition<Condition>(
    first,
    { ...ready, reason: 'Progressing', message: 'Soon', observedGeneration: 2 },
    later,
  )
  assert.deepEqual(reworded, [
    {
      ...ready,
      reason: 'Progressing',
      message: 'Soon',
      observedGeneration: 2,
      lastTransitionTime: '2026-11-21T12:00:00Z',
    },
  ])
  const turned = setCondition<Condition>(reworded, { ...ready, status: 'False' }, later)
  assert.equal(turned[0]?.lastTransitionTime, '2026-11-21T13:00:00Z')
})

test('when nothing changes the very same list comes back, so that no write is made', () => {
  const conditions = setCondition<Condition>([], ready, noon)
  assert.equal(setCondition(conditions, { ...ready }, later), conditions)
  assert.equal(removeCondition(conditions, 'Stalled'), conditions)
})

test('a condition that is present only while true can be taken away', () => {
  const both = setCondition(setCondition<Condition>([], ready, noon), { ...ready, type: 'Stalled' }, noon)
  assert.deepEqual(
    removeCondition(both, 'Stalled').map(({ type }) => type),
    ['Ready'],
  )
  assert.equal(both.length, 2, 'the input is not edited')
})
