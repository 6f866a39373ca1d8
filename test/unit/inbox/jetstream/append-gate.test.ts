import assert from 'node:assert/strict'
import { test } from 'node:test'

import { equalQuotas } from '../../../../src/fairness/quotas.ts'
import { AppendGate, AppendGates } from '../../../../src/inbox/jetstream/append-gate.ts'
import { anEvent } from '../../../support/builders/an-event.ts'
import { settle } from '../../../support/doubles/fake-clock.ts'

const body = new Uint8Array(256 * 1_024)

/** A server that answers when it is told to. */
function aScene() {
  const gate = new AppendGate(equalQuotas)
  const underWay: { namespace: string; end: (fault?: Error) => void }[] = []
  const append = (namespace: string, uid = namespace) =>
    gate.write(anEvent({ owner: { uid, namespace, name: uid }, body }), async () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      underWay.push({ namespace, end: (fault) => (fault === undefined ? resolve() : reject(fault)) })
      await promise
      return 'stored' as const
    })
  return { append, underWay }
}

test('some megabytes are on their way to the server at once; who comes next is behind these and not behind all that waits', async () => {
  const { append, underWay } = aScene()
  const results = Array.from({ length: 100 }, () => append('hog'))
  await settle()
  const atOnce = underWay.length
  assert.ok(atOnce >= 8 && atOnce * body.length <= 5 * 2 ** 20, `${atOnce} at once`)
  results.push(append('victim'))
  underWay[0]?.end()
  await settle()
  assert.equal(underWay[atOnce]?.namespace, 'victim')
  for (let at = 0; at < underWay.length; at += 1) {
    underWay[at]?.end()
    await settle()
  }
  assert.deepEqual(new Set(await Promise.all(results)), new Set(['stored']))
})

test('what waits is shared: who has its share is refused, and another is not', async () => {
  const { append, underWay } = aScene()
  const refused: string[] = []
  for (let at = 0; at < 300; at += 1) void append('hog', `o${at % 50}`).then((result) => refused.push(result))
  await settle()
  assert.ok(refused.length > 60, `${refused.length} refused`)
  assert.deepEqual([...new Set(refused)], ['ownerBusy'])
  const before = refused.length
  void append('victim').then((result) => refused.push(result))
  await settle()
  assert.deepEqual([refused.length, underWay.length > 0], [before, true])
})

test('a write that fails makes room for the next', async () => {
  const { append, underWay } = aScene()
  const results = Array.from({ length: 40 }, () => append('ml').catch(() => 'failed'))
  await settle()
  for (let at = 0; at < underWay.length; at += 1) {
    underWay[at]?.end(new Error('no answer'))
    await settle()
  }
  assert.deepEqual(new Set(await Promise.all(results)), new Set(['failed']))
  assert.equal(underWay.length, 40)
})

test('copies of routes that wait for the server keep no event of a sender waiting', async () => {
  const gates = new AppendGates(equalQuotas)
  const begun: string[] = []
  const append = (name: string) =>
    gates.write(anEvent({ owner: { uid: name, namespace: 'ml', name }, body }), async () => {
      begun.push(name)
      await new Promise(() => {})
    })
  for (let at = 0; at < 100; at += 1) void append(`groute/r${at}`)
  await settle()
  const copies = begun.length
  assert.ok(copies < 100, `${copies} of 100 are under way`)
  void append('batch-events')
  await settle()
  assert.deepEqual(begun.slice(copies), ['batch-events'])
})
