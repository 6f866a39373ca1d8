import assert from 'node:assert/strict'
import { test } from 'node:test'

import { comparisonTable, compareRounds } from '../../../bench/compare-rounds.ts'

const ours = {
  name: 'this checkout',
  rounds: [
    { p50Ms: 2, cpuUs: 400 },
    { p50Ms: 4, cpuUs: 500 },
  ],
}
const bare = { name: 'bare', rounds: [{ p50Ms: 1 }, { p50Ms: 1 }] }
const older = {
  name: 'abc1234',
  rounds: [
    { p50Ms: 4, cpuUs: 800 },
    { p50Ms: 8, cpuUs: 500 },
  ],
}
const names = ['p50Ms', 'cpuUs', 'refused'] as const

test('figures are summed up by server, and one is put beside each other', () => {
  const { figures, ratios } = compareRounds(names, [bare, ours, older], ours.name)
  assert.deepEqual(figures['this checkout'], {
    p50Ms: { median: 3, least: 2, most: 4 },
    cpuUs: { median: 450, least: 400, most: 500 },
  })
  assert.deepEqual(ratios['this checkout / abc1234'], {
    p50Ms: { median: 0.5, least: 0.5, most: 0.5 },
    cpuUs: { median: 0.75, least: 0.5, most: 1 },
  })
})

test('what a server does not have is compared with nobody', () => {
  assert.deepEqual(Object.keys(compareRounds(names, [bare, ours], ours.name).ratios['this checkout / bare'] ?? {}), [
    'p50Ms',
  ])
})

test('the table has a line for what was measured, a column for each server and each ratio', () => {
  const labels = { p50Ms: 'p50, ms', cpuUs: 'CPU, µs', refused: 'refused' }
  assert.equal(
    comparisonTable(labels, compareRounds(names, [bare, ours], ours.name)),
    [
      '          bare   this checkout   this checkout / bare',
      'p50, ms      1         3 (2–4)                3 (2–4)',
      'CPU, µs          450 (400–500)',
      '',
    ].join('\n'),
  )
})
