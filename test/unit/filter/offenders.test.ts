import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Offenders } from '../../../src/filter/offenders.ts'

test('each further interruption doubles the pause, up to ten minutes, and an answer ends it', () => {
  const offenders = new Offenders()
  let nowMs = 0
  const pauses: number[] = []
  for (let at = 0; at < 9; at++) {
    offenders.note('uid/sink', nowMs)
    const untilMs = offenders.pausedUntil('uid/sink', nowMs) ?? assert.fail('no pause')
    pauses.push((untilMs - nowMs) / 1_000)
    nowMs = untilMs
    assert.equal(offenders.pausedUntil('uid/sink', nowMs), undefined)
  }
  assert.deepEqual(pauses, [10, 20, 40, 80, 160, 320, 600, 600, 600])
  offenders.clear('uid/sink')
  offenders.note('uid/sink', nowMs)
  assert.equal(offenders.pausedUntil('uid/sink', nowMs), nowMs + 10_000)
})

test('what was under way at an interruption is no further offence, and others have none', () => {
  const offenders = new Offenders()
  offenders.note('uid/sink', 0)
  offenders.note('uid/sink', 1)
  assert.equal(offenders.pausedUntil('uid/sink', 1), 10_000)
  assert.equal(offenders.pausedUntil('uid/other', 1), undefined)
})

test('of too many the one that was interrupted longest ago is forgotten', () => {
  const offenders = new Offenders()
  offenders.note('uid/again', -10_000)
  offenders.note('uid/0', 0)
  offenders.note('uid/again', 0)
  for (let at = 1; at <= 4_095; at++) offenders.note(`uid/${at}`, 0)
  assert.equal(offenders.pausedUntil('uid/0', 0), undefined)
  assert.equal(offenders.pausedUntil('uid/1', 0), 10_000)
  assert.equal(offenders.pausedUntil('uid/4095', 0), 10_000)
  assert.equal(offenders.pausedUntil('uid/again', 0), 20_000)
})
