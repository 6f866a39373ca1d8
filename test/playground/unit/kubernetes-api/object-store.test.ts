import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ApiObject } from '../../../../playground/kubernetes-api/api-object.ts'
import { ObjectStore } from '../../../../playground/kubernetes-api/object-store.ts'

const anObject = (name: string, value = 1): ApiObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name, namespace: 'default' },
  value,
})
const summary = (objects: readonly ApiObject[] | undefined) =>
  objects?.map(({ metadata, value }) => `${metadata.name}=${String(value)}`)

test('a list at an earlier version is what it was then, through additions, changes and deletions', () => {
  const store = new ObjectStore()
  const b = store.insert('things', anObject('b'))
  store.insert('things', anObject('c'))
  const { version } = store
  store.replace('things', b, { ...b, value: 2 })
  store.insert('things', anObject('a'))
  store.remove('things', store.get('things', 'default', 'c') ?? b)
  store.insert('others', anObject('x'))
  assert.deepEqual(summary(store.list('things')), ['a=1', 'b=2'])
  assert.deepEqual(summary(store.listAt('things', version)), ['b=1', 'c=1'])
  assert.deepEqual(summary(store.listAt('things', 0)), [])
})

test('a deletion has a version of its own', () => {
  const store = new ObjectStore()
  const stored = store.insert('things', anObject('a'))
  store.remove('things', stored)
  const changes = store.changesSince('things', 0) ?? []
  assert.deepEqual(
    changes.map(({ type, version, object }) => [type, version, object.metadata.resourceVersion]),
    [
      ['ADDED', 1, '1'],
      ['DELETED', 2, '2'],
    ],
  )
})

test('after compaction nothing can be resumed or listed from before', () => {
  const store = new ObjectStore()
  store.insert('things', anObject('a'))
  const { version } = store
  store.insert('things', anObject('b'))
  store.compact()
  assert.equal(store.changesSince('things', version), undefined)
  assert.equal(store.listAt('things', version), undefined)
  assert.deepEqual(store.changesSince('things', store.version), [])
})

test('the window of changes is bounded, and says where it begins', () => {
  const store = new ObjectStore()
  let stored = store.insert('things', anObject('a', 0))
  for (let value = 1; value <= 20_001; value += 1) stored = store.replace('things', stored, { ...stored, value })
  assert.ok(store.oldestResumable > 0)
  assert.equal(store.changesSince('things', store.oldestResumable - 1), undefined)
  const kept = store.changesSince('things', store.oldestResumable) ?? []
  assert.equal(kept.length, store.version - store.oldestResumable, 'no change is missing from the window')
})
