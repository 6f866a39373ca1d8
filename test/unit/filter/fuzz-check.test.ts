import { test } from 'node:test'

import * as fc from 'fast-check'

import { checkExpressions, maxObjectUnits } from '../../../src/filter/check-filter.ts'
import { estimateCost } from '../../../src/filter/estimate-cost.ts'

const leaf = fc.constantFrom(
  '1',
  '"a"',
  'x',
  'y',
  'event.data',
  'event.data.items',
  'event.type',
  'event.metadata.a',
  'true',
)
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(tie('expression'), fc.constantFrom('==', '&&', '||', '+', 'in', '<'), tie('expression'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('all', 'exists', 'map', 'filter'),
        fc.constantFrom('x', 'y'),
        tie('expression'),
      )
      .map(([list, macro, name, body]) => `${list}.${macro}(${name}, ${body})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('startsWith', 'contains', 'matches', 'split'))
      .map(([a, name]) => `${a}.${name}("a")`),
    tie('expression').map((a) => `[${a}, ${a}]`),
    tie('expression').map((a) => `!(${a})`),
  ),
}))

const texts = fc.oneof(expression, fc.string(), fc.string({ unit: 'grapheme-composite' }))

test('whatever is written, the check answers, and what it accepts of an object is bounded in nodes, loops and cost', () => {
  fc.assert(
    fc.property(fc.array(texts, { minLength: 1, maxLength: 4 }), (cels) => {
      const checks = checkExpressions(cels)
      let total = 0
      for (const cel of cels) {
        const checked = checks.get(cel)
        if (checked === undefined) return false
        if (!checked.ok) {
          if (checked.problem === '') return false
          continue
        }
        const { units, refusals } = estimateCost(checked.value.expression.ast)
        if (refusals.length > 0 || cel.includes('matches("')) return false
        total += units
      }
      return total <= maxObjectUnits
    }),
    { numRuns: 2_000 },
  )
})
