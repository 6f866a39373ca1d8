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
  return { clock, shelf: new BudgetShelf((onUse) => createCallBudget({ clock, metrics, onUse })) }
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

test('two keys of one project have one budget from when it is seen, whoever holds it', async () => {
  const { shelf, clock } = aShelf()
  const [one, other] = [shelf.budgetOf('one'), shelf.budgetOf('other')]
  for (let call = 0; call < 6; call += 1) await one.take()
  for (let call = 0; call < 3; call += 1) await other.take()
  shelf.unite('one', 'other')
  assert.deepEqual([one.available(), other.available()], [1, 1], 'nine of one burst are used')
  await other.take()
  assert.deepEqual([one.available(), other.available()], [0, 0])
  await clock.advance({ minutes: 1 })
  assert.deepEqual([one.available(), other.available()], [10, 10])
  shelf.unite('other', 'one')
  shelf.unite('one', 'other')
  assert.equal(one.available(), 10, 'they are one already')
  assert.equal(shelf.budgetOf('other'), shelf.budgetOf('one'))
})

test('a pause of either key holds for both, by whichever way a third came to them', async () => {
  const { shelf, clock } = aShelf()
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((key) => shelf.budgetOf(key))
  b?.pause(60_000)
  shelf.unite('a', 'b')
  shelf.unite('c', 'd')
  shelf.unite('d', 'b')
  for (const budget of [a, b, c, d]) assert.equal(budget?.available(), 0)
  await clock.advance({ seconds: 62 })
  for (const budget of [a, b, c, d]) assert.equal(budget?.available(), 10)
  d?.pause(60_000)
  for (const budget of [a, b, c, d]) assert.equal(budget?.available(), 0)
})

test('a key that comes later, or comes back, has the budget of its project', async () => {
  const { shelf, clock } = aShelf()
  const one = shelf.budgetOf('one')
  shelf.unite('one', 'later')
  assert.equal(shelf.budgetOf('later'), one)
  shelf.unite('new', 'one')
  assert.equal(shelf.budgetOf('new'), one)
  shelf.budgetOf('gone').pause(3_600_000)
  shelf.unite('gone', 'also gone')
  for (let key = 0; key < 1_000; key += 1) shelf.budgetOf(`other-${key}`)
  await clock.advance({ minutes: 30 })
  await collectGarbage()
  for (let key = 0; key < 1_000; key += 1) shelf.budgetOf(`more-${key}`)
  assert.equal(shelf.budgetOf('also gone').available(), 0, 'the pause is not over')
})

test('who unites key after key leaves no budgets behind', async () => {
  const { shelf, clock } = aShelf()
  for (let round = 0; round < 20; round += 1) {
    for (let key = 0; key < 500; key += 1) {
      await shelf.budgetOf(`${round}-${key}`).take()
      shelf.unite(`${round}-${key}`, `${round}-${key}-too`)
    }
    await clock.advance({ minutes: 1 })
    await collectGarbage()
  }
  assert.ok(shelf.size <= 8_000, `${shelf.size} of 20,000 are kept`)
})
