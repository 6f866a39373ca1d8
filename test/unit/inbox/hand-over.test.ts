import assert from 'node:assert/strict'
import { test } from 'node:test'

import { equalQuotas } from '../../../src/fairness/quotas.ts'
import type { NextStep } from '../../../src/inbox/port.ts'
import { packRecord, unpackItem } from '../../../src/inbox/sqlite/batch-codec.ts'
import { ByteReader } from '../../../src/inbox/sqlite/byte-codec.ts'
import { HandOver } from '../../../src/inbox/sqlite/hand-over.ts'
import { QuotaTeller } from '../../../src/inbox/sqlite/told-quotas.ts'
import type { ToWorker } from '../../../src/inbox/sqlite/worker-protocol.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'

const waiting = { resolve: () => {}, reject: () => {} }
const succeed: NextStep = { type: 'Succeed' }

class Scene {
  readonly clock = new FakeClock()
  readonly told: ToWorker[] = []
  readonly handOver: HandOver

  constructor(appendIntervalMs = 0) {
    this.handOver = new HandOver({
      clock: this.clock,
      quotas: new QuotaTeller(equalQuotas, []),
      appendIntervalMs,
      post: (message) => this.told.push(message),
    })
  }

  record(id: number, when: 'now' | 'soon'): void {
    this.handOver.record((writer) => packRecord(writer, id, 1, succeed), waiting, when)
  }

  append(eventId: string): void {
    this.handOver.append(anEvent({ eventId }), waiting)
  }

  /** What was handed over since the last time: a list of words for each batch. */
  batches(): string[][] {
    return this.told.splice(0).map((message) => (message.type === 'close' ? ['close'] : wordsOf(message)))
  }

  /** The thread has answered all that it was told. */
  answer(): void {
    while (this.handOver.answered() !== undefined) continue
    this.handOver.goOn()
  }
}

function wordsOf({ items, calls }: Extract<ToWorker, { type: 'batch' }>): string[] {
  const words: string[] = []
  for (const reader = new ByteReader(items); !reader.isAtEnd;) {
    const item = unpackItem(reader)
    words.push(item.type === 'append' ? item.event.eventId : `record ${item.id}`)
  }
  return [...words, ...calls.map(({ type }) => type)]
}

test('a record that may wait shares the batch of the next appends', async () => {
  const scene = new Scene()
  scene.record(1, 'soon')
  scene.record(2, 'soon')
  await settle()
  assert.deepEqual(scene.batches(), [])
  scene.append('msg_1')
  await settle()
  assert.deepEqual(scene.batches(), [['record 1', 'record 2', 'msg_1']])
  scene.answer()
  await scene.clock.advance({ seconds: 1 })
  assert.deepEqual([scene.batches(), scene.clock.pending], [[], 0])
})

test('or that of what somebody waits for, which goes before the appends', async () => {
  const scene = new Scene()
  scene.record(1, 'soon')
  scene.append('msg_1')
  scene.handOver.call({ type: 'stats' }, waiting)
  scene.record(2, 'now')
  await settle()
  assert.deepEqual(scene.batches(), [['record 1', 'record 2', 'stats'], ['msg_1']])
})

test('without any it goes alone after three milliseconds, also where a commit was under way then', async () => {
  const scene = new Scene()
  scene.record(1, 'soon')
  await scene.clock.advance({ ms: 2 })
  assert.deepEqual(scene.batches(), [])
  scene.record(2, 'soon')
  await scene.clock.advance({ ms: 1 })
  assert.deepEqual(scene.batches(), [['record 1', 'record 2']])
  scene.record(3, 'soon')
  await scene.clock.advance({ ms: 3 })
  assert.deepEqual(scene.batches(), [], 'the answer is still owed')
  scene.answer()
  assert.deepEqual(scene.batches(), [['record 3']])
})

test('sixty-four of them wait no longer', async () => {
  const scene = new Scene()
  for (let id = 1; id < 64; id++) scene.record(id, 'soon')
  await settle()
  assert.deepEqual(scene.batches(), [])
  scene.record(64, 'soon')
  await settle()
  assert.equal(scene.batches()[0]?.length, 64)
})

test('what waits is handed over before the thread is told to end, and who waits when it died is known', async () => {
  const scene = new Scene()
  scene.record(1, 'soon')
  scene.handOver.close()
  assert.deepEqual(scene.batches(), [['record 1']])
  scene.answer()
  assert.deepEqual(scene.batches(), [['close']])

  const dying = new Scene()
  dying.record(1, 'now')
  await settle()
  dying.record(2, 'soon')
  dying.append('msg_1')
  assert.equal(dying.handOver.abandon().flatMap(({ items }) => items).length, 3)
  await dying.clock.advance({ seconds: 1 })
  assert.deepEqual(dying.batches(), [['record 1']])
})

test('a few appends wait for more until the interval since those before is over', async () => {
  const scene = new Scene(5)
  scene.append('msg_1')
  await settle()
  assert.deepEqual(scene.batches(), [['msg_1']], 'nothing came before it')
  scene.append('msg_2')
  await scene.clock.advance({ ms: 2 })
  scene.answer()
  scene.append('msg_3')
  await scene.clock.advance({ ms: 2 })
  assert.deepEqual(scene.batches(), [])
  await scene.clock.advance({ ms: 1 })
  assert.deepEqual(scene.batches(), [['msg_2', 'msg_3']])
  scene.answer()
  await scene.clock.advance({ ms: 5 })
  scene.append('msg_4')
  await settle()
  assert.deepEqual(scene.batches(), [['msg_4']], 'it is over')
})

test('eight appends wait for no others, and nothing waits for appends that do', async () => {
  const scene = new Scene(5)
  scene.append('msg_0')
  await settle()
  scene.answer()
  for (let at = 1; at <= 7; at++) scene.append(`msg_${at}`)
  await settle()
  assert.deepEqual(scene.batches(), [['msg_0']])
  scene.record(1, 'now')
  await settle()
  assert.deepEqual(scene.batches(), [['record 1']])
  scene.answer()
  assert.deepEqual(scene.batches(), [])
  scene.append('msg_8')
  await settle()
  assert.equal(scene.batches()[0]?.length, 8)
})

test('appends that wait for others are handed over before the thread is told to end, and are known when it died', async () => {
  const scene = new Scene(5)
  scene.append('msg_1')
  await settle()
  scene.answer()
  scene.append('msg_2')
  scene.handOver.close()
  scene.answer()
  assert.deepEqual(scene.batches(), [['msg_1'], ['msg_2'], ['close']])

  const dying = new Scene(5)
  dying.append('msg_1')
  await settle()
  dying.answer()
  dying.append('msg_2')
  await settle()
  assert.equal(dying.handOver.abandon().flatMap(({ items }) => items).length, 1)
  assert.equal(dying.clock.pending, 0)
})
