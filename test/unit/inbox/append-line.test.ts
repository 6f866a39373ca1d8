import assert from 'node:assert/strict'
import { test } from 'node:test'

import { equalQuotas } from '../../../src/fairness/quotas.ts'
import { unpackItem } from '../../../src/inbox/sqlite/batch-codec.ts'
import { AppendLine, maxBatchCost } from '../../../src/inbox/sqlite/append-line.ts'
import { ByteReader } from '../../../src/inbox/sqlite/byte-codec.ts'
import { Gathering } from '../../../src/inbox/sqlite/gathering.ts'
import { anEvent } from '../../support/builders/an-event.ts'

const waiting = { resolve: () => {}, reject: () => {} }
const manySinks = Array.from({ length: 16 }, (_, at) => `sink-${at}`)

function eventOf(namespace: string, uid: string, eventId: string, body = '{}') {
  return anEvent({ owner: { uid, namespace, name: uid }, eventId, sinks: manySinks, body: Buffer.from(body) })
}

/** The ids of the next batch, in its order. */
function nextBatch(line: AppendLine): string[] {
  const gathering = new Gathering()
  line.moveTo(gathering)
  const { message, waiters } = gathering.take(0)
  const reader = new ByteReader(message.items)
  const ids: string[] = []
  while (!reader.isAtEnd) {
    const item = unpackItem(reader)
    if (item.type === 'append') ids.push(item.event.eventId)
  }
  assert.equal(waiters.items.length, ids.length)
  return ids
}

test('a batch is bounded, and what another namespace or object sends is in the next, however much waits before it', () => {
  const line = new AppendLine(equalQuotas)
  for (let at = 0; at < 1_000; at++) line.add(eventOf('hog', 'many', `m${at}`), waiting)
  line.add(eventOf('hog', 'few', 'of-another-object'), waiting)
  line.add(eventOf('victim', 'steady', 'of-another-namespace'), waiting)
  const batches: string[][] = []
  while (line.size > 0) batches.push(nextBatch(line))
  const cost = 2 + manySinks.length
  assert.deepEqual(
    batches.map(({ length }) => length <= Math.ceil(maxBatchCost / cost)),
    batches.map(() => true),
  )
  assert.ok(batches[0]?.includes('of-another-object') === true && batches[0].includes('of-another-namespace'))
  const many = batches.flat().filter((id) => id.startsWith('m'))
  assert.deepEqual(
    many,
    Array.from({ length: 1_000 }, (_, at) => `m${at}`),
  )
})

test('an event without sinks, the largest and a single one are taken alike; nothing waits afterwards', () => {
  const line = new AppendLine(equalQuotas)
  assert.deepEqual([line.size === 0, nextBatch(line)], [true, []])
  line.add({ ...eventOf('a', 'u', 'none'), sinks: [] }, waiting)
  line.add(eventOf('a', 'u', 'large', 'x'.repeat(256 * 1_024)), waiting)
  assert.deepEqual([nextBatch(line), line.size === 0], [['none', 'large'], true])
})

test('whoever has too much waiting is refused alone, until some of it was taken', () => {
  const line = new AppendLine(equalQuotas)
  const large = 'x'.repeat(256 * 1_024)
  let added = 0
  while (line.add(eventOf('hog', 'one', `h${added}`, large), waiting)) added += 1
  assert.ok(added > 100 && added < 256, String(added))
  assert.ok(line.add(eventOf('victim', 'steady', 'v', large), waiting))
  assert.ok(!line.add(eventOf('hog', 'one', 'refused', large), waiting))
  while (line.size > 0) nextBatch(line)
  assert.ok(line.add(eventOf('hog', 'one', 'again', large), waiting))
})

test('a namespace that counts more has more of each batch', () => {
  const line = new AppendLine({ ...equalQuotas, weightOf: (namespace) => (namespace === 'heavy' ? 3 : 1) })
  for (let at = 0; at < 1_000; at++) {
    for (const namespace of ['heavy', 'light']) line.add(eventOf(namespace, namespace, `${namespace}-${at}`), waiting)
  }
  const first = nextBatch(line)
  const share = first.filter((id) => id.startsWith('heavy')).length / first.length
  assert.ok(share > 0.7 && share < 0.8, String(share))
})
