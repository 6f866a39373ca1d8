import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { NamespaceSelector } from '../../../../src/api/allowed-routes.ts'
import { matchesSelector } from '../../../../src/controller/routes/matches-selector.ts'

const labels = { tier: 'gold', team: 'search' }
type Expression = NonNullable<NamespaceSelector['matchExpressions']>[number]
const expression = (key: string, operator: Expression['operator'], ...values: string[]): NamespaceSelector => ({
  matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
})

const cases: [name: string, selector: NamespaceSelector, want: boolean][] = [
  ['an empty selector selects everything', {}, true],
  ['a label with its value', { matchLabels: { tier: 'gold' } }, true],
  ['a label with another value', { matchLabels: { tier: 'iron' } }, false],
  ['a label that is absent', { matchLabels: { region: '' } }, false],
  ['one of two labels', { matchLabels: { tier: 'gold', team: 'ads' } }, false],
  ['In, one of the values', expression('tier', 'In', 'iron', 'gold'), true],
  ['In, none of the values', expression('tier', 'In', 'iron'), false],
  ['In, of an absent label', expression('region', 'In', 'eu'), false],
  ['In without values', expression('tier', 'In'), false],
  ['NotIn, none of the values', expression('tier', 'NotIn', 'iron'), true],
  ['NotIn, one of the values', expression('tier', 'NotIn', 'gold'), false],
  ['NotIn, of an absent label', expression('region', 'NotIn', 'eu'), true],
  ['Exists', expression('tier', 'Exists'), true],
  ['Exists, of an absent label', expression('region', 'Exists'), false],
  ['DoesNotExist', expression('tier', 'DoesNotExist'), false],
  ['DoesNotExist, of an absent label', expression('region', 'DoesNotExist'), true],
  ['an inherited property is no label', expression('toString', 'Exists'), false],
  [
    'labels and expressions both have to hold',
    { matchLabels: { tier: 'gold' }, ...expression('team', 'In', 'ads') },
    false,
  ],
]

for (const [name, selector, want] of cases) {
  test(`selector: ${name}: ${want}`, () => assert.equal(matchesSelector(selector, labels), want))
}
