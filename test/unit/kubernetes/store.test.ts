import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { KubernetesObject } from '../../../src/kubernetes/client.ts'
import { IndexedStore } from '../../../src/kubernetes/store.ts'

function anObject(namespace: string, name: string, team?: string): KubernetesObject {
  return { metadata: { namespace, name, ...(team !== undefined && { labels: { team } }) } }
}

function aStore(): IndexedStore<KubernetesObject> {
  return new IndexedStore({ byTeam: ({ metadata }) => (metadata.labels?.['team'] ?? '').split('+').filter(Boolean) })
}

const namesOf = (objects: KubernetesObject[]) => objects.map(({ metadata }) => metadata.name).toSorted()

test('objects are found by key, by namespace and all together', () => {
  const store = aStore()
  for (const object of [anObject('a', 'x'), anObject('a', 'y'), anObject('b', 'x')]) store.put(object)
  assert.equal(store.get({ namespace: 'b', name: 'x' })?.metadata.namespace, 'b')
  assert.deepEqual(namesOf(store.list('a')), ['x', 'y'])
  assert.deepEqual(namesOf(store.list()), ['x', 'x', 'y'])
  assert.deepEqual(store.list('none'), [])
  assert.equal(store.size, 3)
})

test('an index follows an object through change and removal', () => {
  const store = aStore()
  store.put(anObject('a', 'x', 'red+blue'))
  assert.deepEqual(namesOf(store.byIndex('byTeam', 'red')), ['x'])
  assert.deepEqual(namesOf(store.byIndex('byTeam', 'blue')), ['x'])
  const previous = store.put(anObject('a', 'x', 'green'))
  assert.equal(previous?.metadata.labels?.['team'], 'red+blue')
  assert.deepEqual(store.byIndex('byTeam', 'red'), [])
  assert.deepEqual(namesOf(store.byIndex('byTeam', 'green')), ['x'])
  store.remove({ namespace: 'a', name: 'x' })
  assert.deepEqual(store.byIndex('byTeam', 'green'), [])
  assert.equal(store.size, 0)
})

test('removing what is not there changes nothing', () => {
  const store = aStore()
  store.put(anObject('a', 'x'))
  assert.equal(store.remove({ namespace: 'a', name: 'y' }), undefined)
  assert.equal(store.size, 1)
})

test('an index that was never declared is an error that names those that were', () => {
  assert.throws(() => aStore().byIndex('byTaem', 'red'), /no index "byTaem"; declared: byTeam/)
})
