import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { byExternalId, byUid } from '../../../src/controller/facts/indices.ts'
import { Memories } from '../../../src/controller/memory/memories.ts'
import { ObjectWaker } from '../../../src/controller/object-waker.ts'
import type { AddOptions } from '../../../src/kubernetes/workqueue.ts'
import { aWebhook } from '../../support/builders/a-webhook.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { freezeMemories } from '../../support/builders/frozen-memory.ts'

freezeMemories()

const named = (name: string, version = '1') =>
  aWebhook()
    .registered()
    .metadata({ name, uid: `uid-${name}`, resourceVersion: version })
    .build()

/** Objects that share a Secret, and what is woken of them. */
function aScene(names: string[], own: { secretVersion?: string } = {}) {
  const objects = names.map((name) => named(name))
  const woken: [name: string, options: AddOptions | undefined][] = []
  const forgotten: string[] = []
  const memories = new Memories(new FakeClock())
  const byIndex = (index: string, value: string): GeminiWebhook[] => {
    if (index === byUid) return objects.filter(({ metadata }) => metadata.uid === value)
    return index === byExternalId && value !== 'abc' ? [] : objects
  }
  const waker = new ObjectWaker({
    webhooks: { list: () => objects, byIndex },
    memories,
    secrets: {
      forget: ({ name }) => void forgotten.push(name),
      sawOwnWrite: ({ metadata }) => metadata.resourceVersion === own.secretVersion,
    },
    keyring: { observe: () => ['uid-one', 'uid-unknown'] },
    enqueue: ({ name }, options) => void woken.push([name, options]),
  })
  return { waker, memories, woken, forgotten }
}

const secret = (resourceVersion: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'ml', name: 's', resourceVersion },
})

test('an object is woken by its own change, but not by what its last pass wrote', () => {
  const { waker, memories, woken } = aScene([])
  const wrote = named('one', '5')
  memories.of(wrote).wrote(wrote, { get: () => undefined })
  waker.onWebhook({ type: 'updated', object: wrote, previous: named('one', '4') })
  assert.deepEqual(woken, [])
  waker.onWebhook({ type: 'updated', object: named('one', '6'), previous: wrote })
  assert.deepEqual(woken, [['one', { behind: false }]])
})

for (const [why, gone] of [
  ['deleted', { type: 'deleted', object: named('holder') }],
  ['being deleted', { type: 'updated', object: aWebhook().deleting().metadata({ name: 'holder' }).build() }],
  ['suspended', { type: 'updated', object: aWebhook().spec({ suspend: true }).metadata({ name: 'holder' }).build() }],
] as const) {
  test(`who yields to an object is woken when that is ${why}; who yields to another is not`, () => {
    const { waker, memories, woken } = aScene(['next', 'bystander'])
    memories.of(named('next')).yields('ml/holder')
    memories.of(named('bystander')).yields('ml/another')
    const { object } = gone
    const withId = { ...object, spec: { ...object.spec, externalID: 'abc' } }
    waker.onWebhook(
      gone.type === 'deleted'
        ? { type: 'deleted', object: withId }
        : { type: 'updated', object: withId, previous: named('holder') },
    )
    assert.deepEqual(
      woken.map(([name]) => name).filter((name) => name !== 'holder'),
      ['next'],
    )
  })
}

test('a deleted object is forgotten: one of the same name begins anew', () => {
  const { waker, memories } = aScene([])
  const before = memories.of(named('one'))
  waker.onWebhook({ type: 'deleted', object: named('one') })
  assert.notEqual(memories.of(named('one')), before)
})

test('a Secret that is gone wakes whoever names it before the others, and is not kept', () => {
  const { waker, woken, forgotten } = aScene(['one', 'two'])
  waker.onSecret({ type: 'deleted', object: secret('3') })
  assert.deepEqual(woken, [
    ['one', { urgent: true }],
    ['two', { urgent: true }],
  ])
  assert.deepEqual(forgotten, ['s'])
})

test('a Secret that a pass wrote itself is no news to its object, but is to others that name it', () => {
  const alone = aScene(['one'], { secretVersion: '3' })
  alone.waker.onSecret({ type: 'added', object: secret('3') })
  assert.deepEqual(alone.woken, [])
  alone.waker.onSecret({ type: 'added', object: secret('4') })
  assert.deepEqual(alone.woken, [['one', { urgent: false }]])

  const shared = aScene(['one', 'two'], { secretVersion: '3' })
  shared.waker.onSecret({ type: 'added', object: secret('3') })
  assert.equal(shared.woken.length, 2)
})

test('an entry that the keyring lost wakes its object at once; of an object that is not there nothing is woken', () => {
  const { waker, woken } = aScene(['one', 'two'])
  waker.onKeyring({ type: 'deleted', object: secret('3') })
  assert.deepEqual(woken, [['one', { urgent: true }]])
})
