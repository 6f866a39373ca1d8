import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BudgetShelf } from '../../../src/gemini/budget-shelf.ts'
import { createCallBudget } from '../../../src/gemini/call-budget.ts'
import { createGeminiMetrics } from '../../../src/gemini/gemini-metrics.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { collectGarbage } from '../../support/measures/collect-garbage.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

function aShelf() {
  const clock = new FakeClock()
  const metrics = createGeminiMetrics(createMetrics())
  return { clock, shelf: new BudgetShelf(() => createCallBudget({ clock, metrics })) }
}

test('who brings key after key leaves no budgets behind', async () => {
  const { shelf, clock } = aShelf()
  for (let round = 0; round < 20; round += 1) {
    for (let key = 0; key < 500; key += 1) await shelf.budgetOf(`${round}-${key}`).take()
    await clock.advance({ minutes: 1 })
    await collectGarbage()
  }
  assert.ok(shelf.size <= 4_000, `${shelf.size} of 10,000 are kept`)
})

test('a pause outlives the service that earned it, and a budget is shared while anybody holds it', async () => {
  const { shelf, clock } = aShelf()
  shelf.budgetOf('paused').pause(3_600_000)
  const held = shelf.budgetOf('held')
  for (let key = 0; key < 1_000; key += 1) shelf.budgetOf(`other-${key}`)
  await clock.advance({ minutes: 30 })
  await collectGarbage()
  for (let key = 0; key < 1_000; key += 1) shelf.budgetOf(`more-${key}`)
  assert.equal(shelf.budgetOf('paused').available(), 0)
  assert.equal(shelf.budgetOf('held'), held)
})
