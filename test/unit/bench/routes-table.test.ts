import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { MeasuredRoutes } from '../../../bench/controller/measure-routes.ts'
import { compareRoutes, routesTable } from '../../../bench/controller/routes-table.ts'

const small: MeasuredRoutes = {
  routes: 500,
  webhooks: 1,
  seconds: 10,
  controllerCpuMs: 6,
  apiServerCpuMs: 12,
  writes: 1.2,
  writesByResource: {},
  reconciles: 1.4,
  steady: { kubernetesWrites: 0, cpuMs: 1 },
}
const large: MeasuredRoutes = { ...small, routes: 5_000, webhooks: 10, seconds: 200, controllerCpuMs: 60 }

test('a cost that grows with the square of the routes shows as their ratio, one that grows with them as 1', () => {
  const { seconds, controllerCpu, writes } = compareRoutes([small, large])
  assert.deepEqual([seconds, controllerCpu, writes], [2, 10, 1])
})

test('there is a column for each size and one for the cost of a route', () => {
  const lines = routesTable([small, large]).split('\n')
  assert.match(lines[0] ?? '', /^ +500 routes of 1 +5000 routes of 10 +ratio per route$/)
  assert.match(lines[1] ?? '', /^apply to all Ready, s +10 +200 +2$/)
})

test('one size has nothing to compare with, and none is no table', () => {
  assert.deepEqual(compareRoutes([small]), {})
  assert.equal(routesTable([]), '')
})
