import assert from 'node:assert/strict'
import { test } from 'node:test'

import { KafkaBatches } from '../../../src/sinks/kafka-batches.ts'
import type { KafkaRecord } from '../../../src/sinks/kafka-record.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'

const delivered: SendOutcome = { type: 'delivered' }
const tooLarge: SendOutcome = { type: 'permanent', cause: 'tooLarge' }

function aRecord(text: string, { topic = 'a', bytes = 1 } = {}): KafkaRecord {
  return { topic, key: Buffer.from(text), headers: new Map(), value: Buffer.alloc(bytes) }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Keeps every batch until the test answers it. */
function aBroker() {
  const batches: { keys: string[]; answer: (outcome: SendOutcome) => void }[] = []
  const kafka = new KafkaBatches((records) => {
    const { promise, resolve: answer } = Promise.withResolvers<SendOutcome>()
    batches.push({ keys: records.map(({ key }) => String(key)), answer })
    return promise
  })
  return {
    kafka,
    keys: () => batches.map(({ keys }) => keys),
    answer: async (at: number, outcome: SendOutcome) => {
      batches[at]?.answer(outcome)
      await settled()
    },
  }
}

test('what comes while a batch is under way goes with the next one', async () => {
  const { kafka, keys, answer } = aBroker()
  const outcomes = ['1', '2', '3'].map((text) => kafka.add(aRecord(text)).outcome)
  assert.deepEqual(keys(), [['1']])
  await answer(0, delivered)
  assert.deepEqual(keys(), [['1'], ['2', '3']])
  const failed: SendOutcome = { type: 'retryable', cause: 'connection' }
  await answer(1, failed)
  assert.deepEqual(await Promise.all(outcomes), [delivered, failed, failed])
  void kafka.add(aRecord('4'))
  assert.deepEqual(keys()[2], ['4'], 'the topic is not taken for busy')
})

test('a topic that does not answer delays no other', async () => {
  const { kafka, keys, answer } = aBroker()
  void kafka.add(aRecord('stuck', { topic: 'away' }))
  const other = kafka.add(aRecord('free')).outcome
  assert.deepEqual(keys(), [['stuck'], ['free']])
  await answer(1, delivered)
  assert.deepEqual(await other, delivered)
})

test('a batch has no more bytes and no more records than a broker takes, and one record at least', async () => {
  const { kafka, keys, answer } = aBroker()
  void kafka.add(aRecord('first'))
  for (const text of ['x', 'y']) void kafka.add(aRecord(text, { bytes: 300 * 1024 }))
  void kafka.add(aRecord('huge', { bytes: 2 * 1024 * 1024 }))
  for (let n = 0; n < 300; n += 1) void kafka.add(aRecord(String(n)))
  for (let at = 0; at < 6; at += 1) await answer(at, delivered)
  const sizes = keys().map(({ length }) => length)
  assert.deepEqual(sizes, [1, 1, 1, 1, 256, 44])
})

test('what is refused for good is looked for, and the others of its batch are stored', async () => {
  const sent: string[][] = []
  const kafka = new KafkaBatches(async (records) => {
    const keys = records.map(({ key }) => String(key))
    sent.push(keys)
    return Promise.resolve(keys.includes('bad') ? tooLarge : delivered)
  })
  const texts = ['first', '1', '2', 'bad', '4', '5']
  const outcomes = await Promise.all(texts.map((text) => kafka.add(aRecord(text)).outcome))
  assert.deepEqual(
    outcomes,
    texts.map((text) => (text === 'bad' ? tooLarge : delivered)),
  )
  assert.deepEqual(sent, [['first'], ['1', '2', 'bad', '4', '5'], ['1', '2', 'bad'], ['1', '2'], ['bad'], ['4', '5']])
})

test('a record that is given up before its batch begins is not sent', async () => {
  const { kafka, keys, answer } = aBroker()
  const first = kafka.add(aRecord('1'))
  const second = kafka.add(aRecord('2'))
  void kafka.add(aRecord('3'))
  second.giveUp()
  first.giveUp() // is under way: that cannot be helped
  await answer(0, delivered)
  assert.deepEqual(keys(), [['1'], ['3']])
  assert.deepEqual(await first.outcome, delivered)
})
