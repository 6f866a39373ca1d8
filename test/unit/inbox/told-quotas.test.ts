import assert from 'node:assert/strict'
import { test } from 'node:test'

import { QuotaTeller, ToldQuotas } from '../../../src/inbox/sqlite/told-quotas.ts'

test('the worker is told once what is not like all others, and again what has changed', () => {
  const weights = new Map([['heavy', 4]])
  const teller = new QuotaTeller({ weightOf: (name) => weights.get(name) ?? 1, maxShareOf: () => 1 }, [
    'heavy',
    'plain',
  ])
  const told = new ToldQuotas()
  const first = teller.take()
  assert.deepEqual(first, [['heavy', 4, 1]])
  told.learn(first)
  assert.deepEqual([told.weightOf('heavy'), told.weightOf('plain'), told.maxShareOf('heavy')], [4, 1, 1])
  teller.look('heavy')
  teller.look('plain')
  teller.look('new')
  assert.deepEqual(teller.take(), [])
  weights.delete('heavy')
  weights.set('new', 2)
  teller.lookAgain()
  told.learn(teller.take())
  assert.deepEqual([told.weightOf('heavy'), told.weightOf('new')], [1, 2])
})
