import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { SeenBatch } from '../../../../src/controller/backfill/seen-batches.ts'
import { sendInTurns } from '../../../../src/controller/backfill/send-in-turns.ts'
import { aSeenBatch } from '../../../support/builders/a-batch.ts'

const never = new AbortController().signal
const owedBy = (uid: string, namespace: string, count: number) => ({
  uid,
  namespace,
  owed: Array.from({ length: count }, (_, at) => aSeenBatch(`${uid}-${at}`, at)),
})
const nameOf = ({ id }: SeenBatch) => id.slice('batches/'.length)

test('namespaces and their objects take turns, and each object keeps its order', async () => {
  const order: string[] = []
  const objects = [owedBy('a1', 'a', 2), owedBy('a2', 'a', 1), owedBy('b1', 'b', 3)]
  const sent = await sendInTurns(
    objects,
    async (_, batch) => {
      order.push(nameOf(batch))
      return { state: 'stored' }
    },
    never,
  )
  assert.deepEqual(order, ['a1-0', 'b1-0', 'a2-0', 'a1-1', 'b1-1', 'b1-2'])
  assert.deepEqual(
    [...sent].map(([uid, { stored }]) => [uid, stored]),
    [
      ['a1', 2],
      ['a2', 1],
      ['b1', 3],
    ],
  )
})

test('what is new and what receivers had is told apart', async () => {
  const sent = await sendInTurns(
    [owedBy('a', 'a', 3)],
    async (_, { endedAtMs }) => ({ state: endedAtMs === 1 ? 'stored' : 'duplicate' }),
    never,
  )
  const { stored, acknowledged, failure } = sent.get('a') ?? {}
  assert.deepEqual([stored, acknowledged?.size, failure], [1, 3, undefined])
})

test('an object whose events keep failing is left, and the others go on', async () => {
  const tries = new Map<string, number>()
  const sent = await sendInTurns(
    [owedBy('down', 'a', 500), owedBy('up', 'a', 20)],
    async (uid) => {
      tries.set(uid, (tries.get(uid) ?? 0) + 1)
      await new Promise(setImmediate)
      return uid === 'up' ? { state: 'stored' } : { state: 'failed', why: 'they answered 503' }
    },
    never,
  )
  assert.ok((tries.get('down') ?? 0) <= 6, `${tries.get('down')} tries`)
  assert.equal(tries.get('up'), 20)
  assert.equal(sent.get('down')?.failure, 'they answered 503')
  assert.equal(sent.get('down')?.acknowledged.size, 0)
})

test('a failure that would be that of the next event, too, ends the run of its object', async () => {
  let asked = 0
  const sent = await sendInTurns(
    [owedBy('a', 'a', 100)],
    async () => {
      asked += 1
      await new Promise(setImmediate)
      return { state: 'failed', why: 'they do not say', endsRun: true }
    },
    never,
  )
  assert.equal(asked, 4)
  assert.equal(sent.get('a')?.failure, 'they do not say')
})

test('a single failure leaves only its own event', async () => {
  const sent = await sendInTurns(
    [owedBy('a', 'a', 9)],
    async (_, { endedAtMs }) => (endedAtMs === 4 ? { state: 'failed', why: 'late' } : { state: 'stored' }),
    never,
  )
  assert.deepEqual([sent.get('a')?.stored, sent.get('a')?.failure], [8, 'late'])
})

test('an object that is gone is sent nothing more, which is no failure', async () => {
  let asked = 0
  const sent = await sendInTurns(
    [owedBy('a', 'a', 100)],
    async () => {
      asked += 1
      return undefined
    },
    never,
  )
  assert.ok(asked <= 4, `${asked}`)
  assert.equal(sent.get('a')?.failure, undefined)
})

test('nothing is begun any more once it is to stop', async () => {
  const stopping = new AbortController()
  let asked = 0
  await sendInTurns(
    [owedBy('a', 'a', 100)],
    async () => {
      asked += 1
      stopping.abort()
      return { state: 'stored' }
    },
    stopping.signal,
  )
  assert.ok(asked <= 4, `${asked}`)
})
