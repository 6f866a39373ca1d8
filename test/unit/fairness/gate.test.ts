import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Gate } from '../../../src/fairness/gate.ts'
import { settle } from '../../support/doubles/fake-clock.ts'

function aGate() {
  const gate = new Gate({ most: 3, mostOfOne: 2 })
  const begun: string[] = []
  const ends = new Map<string, { resolve: (name: string) => void; reject: (error: Error) => void }>()
  const pass = (name: string) =>
    gate.pass(name.slice(0, 1), () => {
      begun.push(name)
      const work = Promise.withResolvers<string>()
      ends.set(name, work)
      return work.promise
    })
  return { pass, begun, ends }
}

test('one has its part at once and no more, another that comes has a place, and then they take turns', async () => {
  const { pass, begun, ends } = aGate()
  const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'].map((name) => pass(name))
  await settle()
  assert.deepEqual(begun, ['a1', 'a2', 'b1'])
  for (const [index, name] of ['a1', 'a2', 'b1', 'a3'].entries()) {
    ends.get(name)?.resolve(name)
    await settle()
    assert.equal(begun.length, Math.min(4 + index, 7))
  }
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3', 'c1', 'b2', 'a4'])
  for (const name of ['c1', 'a4', 'b2']) ends.get(name)?.resolve(name)
  assert.deepEqual(await Promise.all(all), ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'])
})

test('work that fails gives its place back', async () => {
  const { pass, begun, ends } = aGate()
  const failing = [pass('a1'), pass('a2')].map((work) => assert.rejects(work, /broken/))
  const last = pass('a3')
  await settle()
  for (const name of ['a1', 'a2']) ends.get(name)?.reject(new Error('broken'))
  await Promise.all(failing)
  await settle()
  assert.ok(begun.includes('a3'))
  ends.get('a3')?.resolve('done')
  assert.equal(await last, 'done')
})
