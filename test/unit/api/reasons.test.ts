import assert from 'node:assert/strict'
import { test } from 'node:test'

import { conditions, conditionTypes } from '../../../src/api/conditions.ts'
import { isDocumented, reasons, type ReasonMeaning } from '../../../src/api/reasons.ts'
import type { Condition } from '../../../src/api/status.ts'

const list = Object.entries<ReasonMeaning>(reasons)

test('every reason is a CamelCase word, appears somewhere, and tells what it means and what to do', () => {
  for (const [name, { on, meaning, remedy }] of list) {
    assert.match(name, /^[A-Z][A-Za-z]+$/)
    assert.ok(Object.keys(on).length > 0, name)
    assert.ok(meaning.endsWith('.') && remedy.endsWith('.'), name)
  }
})

test('what keeps the controller at work or waiting for a human also explains Ready', () => {
  for (const [name, { on }] of list) {
    if (on.Reconciling !== undefined || on.Stalled !== undefined) assert.ok(on.Ready !== undefined, name)
  }
})

test('Reconciling and Stalled are only ever True', () => {
  for (const [name, { on }] of list) {
    assert.deepEqual(
      [...(on.Reconciling ?? []), ...(on.Stalled ?? [])].filter((status) => status !== 'True'),
      [],
      name,
    )
  }
})

test('every condition can be True with Succeeded, but for Accepted and those that are present only while something is going on', () => {
  const lasting = Object.keys(reasons.Succeeded.on)
  assert.deepEqual(
    conditionTypes.filter((type) => !lasting.includes(type)),
    [
      'Accepted',
      'DeliveriesComplete',
      'DeadLettersDropped',
      'RouteFull',
      'PartIgnored',
      'ProjectShared',
      'Reconciling',
      'Stalled',
    ],
  )
  assert.equal(conditionTypes.length, Object.keys(conditions).length)
})

test('a condition is documented only with a status that its reason knows', () => {
  assert.ok(isDocumented({ type: 'Ready', status: 'True', reason: 'Succeeded' }))
  assert.ok(!isDocumented({ type: 'Ready', status: 'False', reason: 'Succeeded' }))
  assert.ok(!isDocumented({ type: 'Ready', status: 'False', reason: 'NoSuchReason' }))
  assert.ok(!isDocumented({ type: 'NoSuchType', status: 'True', reason: 'Succeeded' }))
  assert.ok(!isDocumented({ type: 'constructor', status: 'True', reason: 'constructor' }))
})

test('a reason that is not in the list does not compile', () => {
  const condition = {
    type: 'Ready',
    status: 'False',
    observedGeneration: 1,
    lastTransitionTime: '2026-11-21T12:00:00Z',
    message: '',
  } as const
  const listed: Condition = { ...condition, reason: 'Suspended' }
  // @ts-expect-error -- the compiler is what closes the list; should this line ever compile, the list is open
  const invented: Condition = { ...condition, reason: 'Invented' }
  assert.ok(isDocumented(listed))
  assert.ok(!isDocumented(invented))
})
