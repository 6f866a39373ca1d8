import assert from 'node:assert/strict'
import { test } from 'node:test'

import { searchList } from '../../../src/names/search-list.ts'

const pod = { search: ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local'], ndots: 5 }

test('below ndots the search domains come first, in their order, the name itself last', () => {
  assert.deepEqual(searchList('worker.ml.svc', pod), [
    'worker.ml.svc.ns.svc.cluster.local',
    'worker.ml.svc.svc.cluster.local',
    'worker.ml.svc.cluster.local',
    'worker.ml.svc',
  ])
})

test('from ndots on the name itself comes first', () => {
  assert.equal(searchList('a.b.c.d.e.example', pod)[0], 'a.b.c.d.e.example')
  assert.equal(searchList('a.b.c.d.e.example', pod).length, 4)
  assert.deepEqual(searchList('example.com', { search: ['a.example'], ndots: 1 }), [
    'example.com',
    'example.com.a.example',
  ])
})

test('a trailing dot: the name itself and nothing else', () => {
  assert.deepEqual(searchList('worker.ml.svc.cluster.local.', pod), ['worker.ml.svc.cluster.local'])
})

test('what no name server could hold is not asked for', () => {
  assert.deepEqual(searchList('', pod), [])
  assert.deepEqual(searchList('.', pod), [])
  assert.deepEqual(searchList('a..example', pod), [])
  assert.deepEqual(searchList(`${'a'.repeat(64)}.example.`, pod), [])
  const long = `${'a.'.repeat(118)}example` // fits alone, not with a search domain behind
  assert.deepEqual(searchList(long, pod), [long])
})
