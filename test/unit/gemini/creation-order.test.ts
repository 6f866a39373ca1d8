import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CreationOrder } from '../../../src/gemini/creation-order.ts'

const dayMs = 24 * 60 * 60 * 1000
const now = Date.parse('2026-11-21T12:00:00Z')
const endedAfterMs = now - 3 * dayMs
/** Batches that were made so many days ago; undefined: without a time. */
const shown = (...daysAgo: (number | undefined)[]) =>
  daysAgo.map((days) => (days === undefined ? {} : { createTime: new Date(now - days * dayMs).toISOString() }))

const cases: [name: string, batches: unknown[], isPast: boolean][] = [
  ['nothing was shown', [], false],
  ['a list goes back far enough', shown(0, 1, 1, 5, 10.1), true],
  ['a list goes back, not far enough for the longest batch', shown(0, 1, 9.9), false],
  ['a list has nothing new at all', shown(20, 30), true],
  ['one batch tells no order', shown(30), false],
  ['batches of one moment tell no order', shown(30, 30, 30), false],
  ['a list goes forward', shown(40, 30, 20), false],
  ['one of them came out of order', shown(0, 5, 4, 30), false],
  ['one of them has no time', shown(0, undefined, 20, 30), false],
  ['the first has no time', shown(undefined, 20, 30), false],
  ['the last has no time', shown(0, 20, undefined), false],
  ['a time is none', [...shown(0), { createTime: 'yesterday' }, ...shown(30)], false],
  ['a batch is none', [...shown(0), 'batch', ...shown(30)], false],
]
for (const [name, batches, isPast] of cases) {
  test(`${isPast ? 'the rest is left out' : 'the list is read on'} where ${name}`, () => {
    const order = new CreationOrder()
    for (const batch of batches) order.take(batch)
    assert.equal(order.isPast(endedAfterMs), isPast)
  })
}
