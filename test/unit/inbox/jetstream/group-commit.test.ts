import assert from 'node:assert/strict'
import { test } from 'node:test'

import { equalQuotas } from '../../../../src/fairness/quotas.ts'
import { AppendGate } from '../../../../src/inbox/jetstream/append-gate.ts'
import { GroupCommit, type GroupCommitDeps } from '../../../../src/inbox/jetstream/group-commit.ts'
import type { BatchResult, Put, PutResult } from '../../../../src/inbox/jetstream/publisher.ts'
import { anEvent } from '../../../support/builders/an-event.ts'
import { FakeClock, settle } from '../../../support/doubles/fake-clock.ts'

function aPut(subject: string, body = new Uint8Array()): Put {
  return { subject, record: { kind: 'closed', forgetAtMs: 0 }, expectSeq: 0, body, isForRoutes: false }
}

function somePuts(count: number, prefix = 's'): Put[] {
  return Array.from({ length: count }, (_, at) => aPut(`${prefix}${at}`))
}

/**
 * A server that takes each subject once, and a batch with a subject that it has not at all. It answers when it is told
 * to, or at once.
 */
function aScene({ takesBatches = true, isHeld = false, gatherMs = 0 } = {}) {
  const clock = new FakeClock()
  const stored = new Map<string, number>()
  const held: (() => void)[] = []
  const calls: number[] = []
  const fault: { next?: Error } = {}
  const answer = async <T>(of: number, decide: () => T): Promise<T> => {
    calls.push(of)
    if (isHeld) await new Promise<void>((resolve) => held.push(resolve))
    if (fault.next !== undefined) throw fault.next
    return decide()
  }
  const store = ({ subject }: Put) => {
    stored.set(subject, stored.size + 1)
    return stored.size
  }
  const publisher: GroupCommitDeps['publisher'] = {
    one: (put) =>
      answer(1, (): PutResult =>
        stored.has(put.subject) ? { type: 'conflict' } : { type: 'stored', seq: store(put) },
      ),
    batch: (puts) =>
      answer(puts.length, (): BatchResult => {
        assert.equal(new Set(puts.map(({ subject }) => subject)).size, puts.length, 'each subject once')
        if (puts.some(({ subject }) => stored.has(subject))) return { type: 'refused' }
        return { type: 'stored', firstSeq: puts.map(store)[0] ?? 0 }
      }),
  }
  const commit = new GroupCommit({ publisher, clock, gatherMs })
  commit.takesBatches = takesBatches
  const putAll = (puts: readonly Put[]) => Promise.all(puts.map((put) => commit.put(put)))
  /** Answers the first call that has none. */
  const release = async () => {
    held.shift()?.()
    await settle()
  }
  return { commit, putAll, stored, calls, release, held, fault, clock }
}

test('a lone write goes at once and by itself', async () => {
  const { putAll, calls } = aScene()
  assert.deepEqual(await putAll(somePuts(1)), [{ type: 'stored', seq: 1 }])
  assert.deepEqual(calls, [1])
})

test('a few in the same moment are on their way at once, one by one', async () => {
  const { putAll, calls } = aScene({ isHeld: true })
  void putAll(somePuts(10))
  await settle()
  void putAll(somePuts(5, 't'))
  await settle()
  assert.deepEqual(calls, Array.from({ length: 15 }).fill(1))
})

test('many in the same moment are one batch, each with a sequence of its own', async () => {
  const { putAll, calls, stored } = aScene()
  const puts = somePuts(100)
  const results = await putAll(puts)
  assert.deepEqual(calls, [100])
  assert.deepEqual(
    results,
    puts.map(({ subject }) => ({ type: 'stored', seq: stored.get(subject) })),
  )
})

test('what comes while a batch is on its way waits for it, and travels together', async () => {
  const { putAll, calls, release } = aScene({ isHeld: true })
  const first = putAll(somePuts(20))
  await settle()
  const second = Promise.all([putAll(somePuts(30, 't')), putAll(somePuts(30, 'u'))])
  await settle()
  assert.deepEqual(calls, [20])
  await release()
  assert.deepEqual(calls, [20, 60])
  await release()
  assert.equal(new Set([...(await first), ...(await second).flat()].map(({ type }) => type)).size, 1)
})

test('a refused batch is divided until each write has its own result, and few pay for it', async () => {
  const { putAll, calls, stored } = aScene()
  await putAll(somePuts(1))
  calls.length = 0
  const results = await putAll(somePuts(128))
  assert.deepEqual(
    results.map(({ type }) => type),
    ['conflict', ...Array.from({ length: 127 }).fill('stored')],
  )
  assert.equal(stored.size, 128)
  assert.deepEqual(
    calls.filter((of) => of > 1),
    [128, 64, 32, 16, 16, 32, 64],
  )
  assert.equal(calls.filter((of) => of === 1).length, 16)
})

test('a batch of repetitions alone is bounded, too', async () => {
  const { putAll, calls } = aScene()
  await putAll(somePuts(128))
  calls.length = 0
  assert.deepEqual(new Set((await putAll(somePuts(128))).map(({ type }) => type)), new Set(['conflict']))
  assert.deepEqual([calls.filter((of) => of > 1).length, calls.filter((of) => of === 1).length], [15, 128])
})

test('a batch whose answer does not come is stored for nobody who waits for it, and the next goes on', async () => {
  const { putAll, calls, release, fault } = aScene({ isHeld: true })
  const lost = Promise.allSettled(somePuts(20).map((put) => putAll([put])))
  await settle()
  const next = putAll(somePuts(20, 't'))
  fault.next = new Error('no answer')
  await release()
  assert.deepEqual(new Set((await lost).map(({ status }) => status)), new Set(['rejected']))
  delete fault.next
  await release()
  assert.equal((await next).length, 20)
  assert.deepEqual(calls, [20, 20], 'what may have been stored is not written again')
})

test('of two writes to one subject the second waits for the first, and conflicts', async () => {
  const { putAll, calls } = aScene()
  const results = await putAll([...somePuts(20), ...somePuts(20)])
  assert.deepEqual(
    results.map(({ type }) => type),
    [...Array.from({ length: 20 }).fill('stored'), ...Array.from({ length: 20 }).fill('conflict')],
  )
  assert.equal(calls[0], 20)
})

test('a batch has bounds in messages and in bytes', async () => {
  const { putAll, calls } = aScene()
  await putAll(somePuts(1_200))
  assert.deepEqual(calls, [500, 500, 200])
  calls.length = 0
  const body = new Uint8Array(200 * 1024)
  await putAll(Array.from({ length: 50 }, (_, at) => aPut(`large${at}`, body)))
  assert.deepEqual(calls.filter((of) => of > 1).slice(0, 2), [20, 20])
})

test('a stream that takes no batches gets every write at once, by itself', async () => {
  const { putAll, calls } = aScene({ takesBatches: false, isHeld: true })
  void putAll(somePuts(100))
  await settle()
  assert.deepEqual(calls, Array.from({ length: 100 }).fill(1))
})

test('whoever comes while another floods the inbox waits for two batches at most', async () => {
  const { commit, calls, held, release } = aScene({ isHeld: true })
  const gate = new AppendGate(equalQuotas)
  const answered: string[] = []
  const append = (namespace: string, at: number) =>
    gate
      .write(anEvent({ owner: { uid: namespace, namespace, name: namespace } }), () =>
        commit.put(aPut(`${namespace}${at}`)),
      )
      .then(() => answered.push(namespace))
  for (let at = 0; at < 2_000; at += 1) void append('hog', at)
  await settle()
  void append('victim', 0)
  await release()
  await release()
  assert.ok(answered.includes('victim'), `${answered.length} others were first`)
  assert.deepEqual(calls.length, 3)
  while (held.length > 0) await release()
  assert.equal(answered.length, 2_001)
})

test('where a batch comes in every interval, writes wait for the end of it and share one', async () => {
  const { putAll, calls, clock } = aScene({ gatherMs: 25 })
  let named = 0
  /** So many writes, a millisecond apart. */
  const play = async (milliseconds: number) => {
    const results: Promise<PutResult[]>[] = []
    for (let at = 0; at < milliseconds; at++) {
      results.push(putAll(somePuts(1, `p${named++}-`)))
      await settle()
      await clock.advance({ ms: 1 })
      await settle()
    }
    return results
  }
  await Promise.all(await play(25))
  assert.deepEqual(calls, Array.from({ length: 25 }).fill(1), 'nothing is known of the rate yet')
  calls.length = 0
  const results = await play(100)
  await clock.advance({ ms: 25 })
  assert.equal((await Promise.all(results)).flat().length, 100)
  assert.ok(calls.length <= 6, calls.join(', '))
  calls.length = 0
  await clock.advance({ ms: 50 })
  await putAll(somePuts(1, 'later'))
  assert.deepEqual(calls, [1], 'after a rest a write goes at once')
})

test('fewer than a batch in an interval never wait', async () => {
  const { putAll, calls, clock } = aScene({ gatherMs: 25 })
  for (let at = 0; at < 100; at++) {
    await putAll(somePuts(1, `p${at}-`))
    await clock.advance({ ms: 2 })
  }
  assert.equal(calls.length, 100)
})
