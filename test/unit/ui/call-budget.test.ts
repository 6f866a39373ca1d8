import assert from 'node:assert/strict'
import { test } from 'node:test'

import { lowestIn } from '../../../src/ui/installation/call-budget.ts'

const metric = 'gwh_gemini_budget_lowest_tokens'

test('the lowest budget is read from its own series, and from no comment or neighbour', () => {
  assert.equal(lowestIn(`# HELP ${metric} 3\n# TYPE ${metric} gauge\n${metric}_other 7\n${metric} 9.5\nup 1\n`), 9.5)
  assert.equal(lowestIn(`# HELP ${metric} Calls.\n# TYPE ${metric} gauge\n`), undefined)
})
