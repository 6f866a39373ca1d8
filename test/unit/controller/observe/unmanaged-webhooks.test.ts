import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { mostUnmanagedWebhooks } from '../../../../src/api/status.ts'
import { byExternalId, byWebhookId } from '../../../../src/controller/facts/indices.ts'
import { UnmanagedWebhooks } from '../../../../src/controller/observe/unmanaged-webhooks.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { remoteName } from '../../../support/builders/an-observation.ts'

/** Objects by what they name; more of them may come. */
function aStore(named: Record<string, string[]> = {}) {
  const object = aWebhook().build()
  return {
    named,
    byIndex: (index: string, value: string): GeminiWebhook[] =>
      named[index]?.includes(value) === true ? [object] : [],
  }
}

const listOf = (fingerprint: string, ...ids: string[]) => ({ fingerprint, webhooks: ids.map((id) => ({ id })) })

test('counted is what carries no marker and what no object names, until many lists in a row do not show it', () => {
  const store = aStore({ [byExternalId]: ['wanted'], [byWebhookId]: ['held'] })
  const unmanaged = new UnmanagedWebhooks(store)
  assert.deepEqual([unmanaged.countOf('a'), unmanaged.total()], [0, 0])
  const others = [{ id: 'by-hand', name: 'nightly' }, { id: 'nameless' }, { id: 'wanted' }, { id: 'held' }]
  unmanaged.listed({ fingerprint: 'a', webhooks: [{ id: 'marked', name: remoteName }, ...others] })
  assert.equal(unmanaged.countOf('a'), 2)
  // Lists lag: one that shows fewer between others changes nothing.
  for (let time = 0; time < 100; time += 1) {
    for (const ids of [[], ['nameless'], ['by-hand', 'nameless']]) unmanaged.listed(listOf('a', ...ids))
    assert.equal(unmanaged.countOf('a'), 2)
  }
  for (let time = 0; time < 20; time += 1) unmanaged.listed(listOf('a', 'nameless'))
  assert.equal(unmanaged.countOf('a'), 1)
  for (let time = 0; time < 20; time += 1) unmanaged.listed(listOf('a'))
  assert.equal(unmanaged.countOf('a'), 0)
})

test('what carries a marker by now counts no more', () => {
  const unmanaged = new UnmanagedWebhooks(aStore())
  unmanaged.listed(listOf('a', 'one', 'two'))
  unmanaged.listed({ fingerprint: 'a', webhooks: [{ id: 'one', name: remoteName }, { id: 'two' }] })
  assert.equal(unmanaged.countOf('a'), 1)
})

test('what an object names since the list counts no more, before the next one', () => {
  const store = aStore({ [byExternalId]: [] })
  const unmanaged = new UnmanagedWebhooks(store)
  unmanaged.listed(listOf('a', 'one', 'two'))
  store.named[byExternalId]?.push('one')
  assert.deepEqual([unmanaged.countOf('a'), unmanaged.total()], [1, 1])
})

test('two keys of one project count its webhooks once in total, and a key that nobody uses counts nothing', () => {
  const unmanaged = new UnmanagedWebhooks(aStore())
  unmanaged.listed(listOf('a', 'one', 'two'))
  unmanaged.listed(listOf('b', 'two', 'one'))
  unmanaged.listed(listOf('c', 'three'))
  assert.equal(unmanaged.total(), 3)
  unmanaged.prune(new Set(['a', 'b']))
  assert.deepEqual([unmanaged.total(), unmanaged.countOf('c')], [2, 0])
})

test('of a project with many no more are kept than are counted, and by every key the same', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => `webhook-${String(index).padStart(5, '0')}`)
  const unmanaged = new UnmanagedWebhooks(aStore())
  unmanaged.listed(listOf('a', ...ids))
  unmanaged.listed(listOf('b', ...ids.toReversed()))
  assert.equal(unmanaged.countOf('a'), mostUnmanagedWebhooks)
  assert.equal(unmanaged.total(), mostUnmanagedWebhooks)
})
