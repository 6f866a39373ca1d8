import assert from 'node:assert/strict'
import { test } from 'node:test'

import { suspensionsFor } from '../../../../src/controller/sinks/suspensions.ts'

const noon = '2026-11-21T12:00:00.000Z'
const before = '2026-11-20T08:00:00.000Z'
const at = (time: string) => Date.parse(time)

test('a sink that never stood still is not named', () => {
  assert.deepEqual(suspensionsFor([{ name: 'a' }, { name: 'b', suspend: false }], [], at(noon)), [])
})

test('one that is suspended is named as that, however often it is looked at', () => {
  const suspended = [{ sink: 'a', suspended: true as const }]
  assert.deepEqual(suspensionsFor([{ name: 'a', suspend: true }], [], at(noon)), suspended)
  assert.deepEqual(suspensionsFor([{ name: 'a', suspend: true }], suspended, at(noon)), suspended)
})

test('one that goes on is told since when, and that stays so', () => {
  const resumed = suspensionsFor([{ name: 'a' }], [{ sink: 'a', suspended: true }], at(noon))
  assert.deepEqual(resumed, [{ sink: 'a', resumedTime: noon }])
  assert.deepEqual(suspensionsFor([{ name: 'a' }], resumed, at(noon) + 60_000), resumed)
})

test('the time before stays while it is suspended again', () => {
  const again = suspensionsFor([{ name: 'a', suspend: true }], [{ sink: 'a', resumedTime: before }], at(noon))
  assert.deepEqual(again, [{ sink: 'a', suspended: true, resumedTime: before }])
})

test('what is no longer in the spec is forgotten', () => {
  assert.deepEqual(suspensionsFor([], [{ sink: 'a', suspended: true }], at(noon)), [])
})
