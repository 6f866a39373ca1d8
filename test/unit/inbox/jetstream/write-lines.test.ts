import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { BatchResult, Put, PutResult } from '../../../../src/inbox/jetstream/publisher.ts'
import { isForRoutes, WriteLines } from '../../../../src/inbox/jetstream/write-lines.ts'
import { FakeClock, settle } from '../../../support/doubles/fake-clock.ts'

const aPut = (subject: string, forRoutes: boolean): Put => ({
  subject,
  record: { kind: 'closed', forgetAtMs: 0 },
  expectSeq: 0,
  isForRoutes: forRoutes,
})
const copies = (count: number, prefix = 'copy') =>
  Array.from({ length: count }, (_, at) => aPut(`${prefix}${at}`, true))

/** A server that answers what was written for routes when it is told to, and all else at once. */
function aScene({ gatherMs = 0 } = {}) {
  const clock = new FakeClock()
  const sent: string[] = []
  const held: (() => void)[] = []
  const answer = async <T>(puts: readonly Put[], result: T): Promise<T> => {
    sent.push(puts.length === 1 ? (puts[0]?.subject ?? '') : `${puts.length} of ${puts[0]?.subject}`)
    if (puts.some((put) => put.isForRoutes)) await new Promise<void>((resolve) => held.push(resolve))
    return result
  }
  const publisher = {
    one: (put: Put) => answer<PutResult>([put], { type: 'stored', seq: 1 }),
    batch: (puts: readonly Put[]) => answer<BatchResult>(puts, { type: 'stored', firstSeq: 1 }),
  }
  const lines = new WriteLines({ publisher, clock, gatherMs })
  lines.takesBatches = true
  return { lines, clock, sent, release: () => held.shift()?.() }
}

test('an event for which a sender waits goes past a batch for routes that is under way, and past what waits behind it', async () => {
  const { lines, sent, release } = aScene()
  const first = copies(40).map((put) => lines.put(put))
  await settle()
  const second = copies(40, 'next').map((put) => lines.put(put))
  await settle()
  assert.deepEqual(await lines.put(aPut('event', false)), { type: 'stored', seq: 1 })
  assert.deepEqual(sent, ['40 of copy0', 'event'])
  release()
  await Promise.all(first)
  await settle()
  assert.deepEqual(sent, ['40 of copy0', 'event', '40 of next0'])
  release()
  await Promise.all(second)
})

test('nor does it wait for more to come because much is written for routes', async () => {
  const { lines, clock, sent, release } = aScene({ gatherMs: 25 })
  for (let round = 0; round < 4; round += 1) {
    await clock.advance({ ms: 25 })
    for (const put of copies(16, `r${round}-`)) void lines.put(put)
    await settle()
    release()
    await settle()
  }
  sent.length = 0
  void lines.put(aPut('copy', true))
  await settle()
  assert.deepEqual(sent, [], 'what routes get waits for more')
  await lines.put(aPut('event', false))
  assert.deepEqual(sent, ['event'])
})

const writes: { name: string; owner: string; sink?: string; want: boolean }[] = [
  { name: 'an event of a webhook', owner: 'batch-events', want: false },
  { name: 'a delivery of a webhook', owner: 'batch-events', sink: 'worker', want: false },
  { name: 'a webhook whose name is as long as may be', owner: 'g'.repeat(253), want: false },
  { name: 'the routing step', owner: 'batch-events', sink: '$routes', want: true },
  { name: 'an event of a route', owner: 'groute/nightly', want: true },
  { name: 'a delivery of a route', owner: 'groute/nightly', sink: 'worker', want: true },
]
for (const { name, owner, sink, want } of writes) {
  test(`${name} is written ${want ? 'apart' : 'as what senders wait for'}`, () => {
    assert.equal(isForRoutes({ name: owner }, sink), want)
  })
}
