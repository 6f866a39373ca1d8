import assert from 'node:assert/strict'
import { test } from 'node:test'

import { deadLetterPage } from '../../../src/inbox/dead-letter-page.ts'
import type { DeadLetter } from '../../../src/inbox/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'

let read = 0
function* newestFirst(count: number): Generator<DeadLetter> {
  read = 0
  for (let n = count; n > 0; n--) {
    read += 1
    yield {
      deliveryId: String(n),
      owner: anEvent().owner,
      eventId: `msg_${n}`,
      eventType: 'batch.succeeded',
      sink: 'worker',
      reason: 'Rejected',
      attempts: 1,
      endedAtMs: n,
    }
  }
}

test('a search for what is rare looks at 5,000 and says where to go on', () => {
  const page = deadLetterPage(newestFirst(100_000), { eventId: 'msg_1', limit: 10 })
  assert.deepEqual(page, { deadLetters: [], next: { endedAtMs: 95_001, deliveryId: '95001' } })
  assert.equal(read, 5_001)
})

test('no page has more than 1,000', () => {
  const { deadLetters, next } = deadLetterPage(newestFirst(2_000), { limit: 5_000 })
  assert.deepEqual([deadLetters.length, next], [1_000, { endedAtMs: 1_001, deliveryId: '1001' }])
})

test('a page that ends exactly with the last one is the last', () => {
  assert.equal(deadLetterPage(newestFirst(3), { limit: 3 }).next, undefined)
})

test('what is older than asked for is not read through', () => {
  const page = deadLetterPage(newestFirst(100_000), { sinceMs: 99_999, limit: 10 })
  assert.deepEqual([page.deadLetters.length, page.next, read], [2, undefined, 3])
})
