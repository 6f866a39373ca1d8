import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { AppendResult, NewEvent } from '../../../src/inbox/port.ts'
import { BoundedAppend } from '../../../src/receiver/bounded-append.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'

const event: NewEvent = {
  owner: { uid: 'u', namespace: 'ml', name: 'batch-events' },
  eventId: 'msg_1',
  sentAtSeconds: 0,
  receivedAtMs: 0,
  mode: 'static',
  contentType: '',
  signature: '',
  body: Buffer.alloc(0),
  sinks: [],
}

function aScene() {
  const clock = new FakeClock()
  const inbox = new InboxDouble()
  const appends = new BoundedAppend(inbox, clock, 3_000)
  const told: string[] = []
  const append = () =>
    appends.append(event, {
      answer: (result) => void told.push(`answer ${result}`),
      settled: (result) => void told.push(`settled ${result}`),
    })
  return { clock, inbox, told, append }
}

test('an append that ends in time is answered with its result, and no timer stays', async () => {
  const { clock, inbox, told, append } = aScene()
  inbox.willAnswer('stored', 'ownerFull', new Error('disk'))
  append()
  append()
  append()
  await settle()
  assert.deepEqual(told, [
    'answer stored',
    'settled stored',
    'answer ownerFull',
    'settled ownerFull',
    'answer unavailable',
    'settled unavailable',
  ])
  await clock.advance({ ms: 100 })
  assert.equal(clock.pending, 0)
})

test('each append has its own deadline, and one timer serves them all', async () => {
  const { clock, inbox, told, append } = aScene()
  inbox.willAnswer('never', 'never', 'never')
  append()
  await clock.advance({ ms: 1_000 })
  append()
  append()
  assert.equal(clock.pending, 1)
  await clock.advance({ ms: 2_100 })
  assert.deepEqual(told, ['answer timeout'])
  await clock.advance({ ms: 1_000 })
  assert.deepEqual(told, ['answer timeout', 'answer timeout', 'answer timeout'])
  assert.equal(clock.pending, 0)
})

test('what is committed after its deadline was answered already, and settles all the same', async () => {
  const { clock, inbox, told, append } = aScene()
  const late = Promise.withResolvers<AppendResult>()
  inbox.willAnswer(() => late.promise)
  append()
  await clock.advance({ ms: 3_100 })
  late.resolve('stored')
  await settle()
  assert.deepEqual(told, ['answer timeout', 'settled stored'])
})

test('an inbox that throws instead of rejecting is unavailable too', () => {
  const { told, append } = aScene() // nothing is scripted: the double throws
  append()
  assert.deepEqual(told, ['answer unavailable', 'settled unavailable'])
})

test('appends may settle in any order, and the rest keep their deadlines', async () => {
  const { clock, inbox, told, append } = aScene()
  const second = Promise.withResolvers<AppendResult>()
  const third = Promise.withResolvers<AppendResult>()
  inbox.willAnswer(
    'never',
    () => second.promise,
    () => third.promise,
    'never',
  )
  for (let each = 0; each < 4; each++) append()
  second.resolve('duplicate')
  third.resolve('inboxFull')
  await settle()
  await clock.advance({ ms: 3_100 })
  assert.deepEqual(told, [
    'answer duplicate',
    'settled duplicate',
    'answer inboxFull',
    'settled inboxFull',
    'answer timeout',
    'answer timeout',
  ])
  assert.equal(clock.pending, 0)
})
