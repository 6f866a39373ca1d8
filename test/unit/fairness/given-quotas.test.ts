import assert from 'node:assert/strict'
import { test } from 'node:test'

import { givenQuotas } from '../../../src/fairness/given-quotas.ts'

test('who is named has a quota of its own, everybody else that of every other', () => {
  const quotas = givenQuotas([
    { namespace: '*', weight: 2, maxShare: 0.5 },
    { namespace: 'ml', weight: 4, maxShare: 0.1 },
  ])
  assert.deepEqual([quotas.weightOf('ml'), quotas.maxShareOf('ml')], [4, 0.1])
  assert.deepEqual([quotas.weightOf('other'), quotas.maxShareOf('other')], [2, 0.5])
})

test('without any all are alike, and nobody is held below what fairness allows', () => {
  const quotas = givenQuotas([])
  assert.deepEqual([quotas.weightOf('ml'), quotas.maxShareOf('constructor')], [1, 1])
})
