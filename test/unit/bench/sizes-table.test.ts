import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compareSizes } from '../../../bench/controller/compare-sizes.ts'
import type { MeasuredSize } from '../../../bench/controller/measure-size.ts'
import { sizesTable } from '../../../bench/controller/sizes-table.ts'

const small = {
  objects: 200,
  seconds: 12.5,
  controllerCpuMsPerObject: 16,
  apiServerCpuMsPerObject: 40,
  writesPerObject: 7,
  createsPerObject: 1,
  reconcilesPerObject: 8,
  listCalls: 9,
  heapBytes: 20_000_000,
  rssMiB: 170,
  takeover: { leaseSeconds: 31, convergeSeconds: 33, createCalls: 0, rotateCalls: 0 },
  steady: {
    cpuMsPerObject: 2,
    heapBytes: 18_000_000,
    listsPerResync: 1,
    kubernetesWrites: 0,
    otherCalls: 0,
    rssMiB: 150,
  },
} as MeasuredSize
const large = { ...small, objects: 1_000, seconds: 50, heapBytes: 28_000_000 }

test('there is a column for each size and one for the cost of an object, and every line says its unit', () => {
  const lines = sizesTable([small, large], compareSizes([small, large])).split('\n')
  assert.match(lines[0] ?? '', /^ +200 objects +1000 objects +ratio per object$/)
  assert.match(lines[1] ?? '', /^apply to all Ready, s +12\.5 +50 +0\.8$/)
  assert.equal(lines.at(-2), 'heap of one object more: 10000 bytes after the rollout, 0 in steady state')
})

test('a size that was measured before a failure is shown alone, none at all as nothing', () => {
  assert.match(sizesTable([small], compareSizes([small])), /^ +200 objects\napply to all Ready, s +12\.5\n/)
  assert.equal(sizesTable([], compareSizes([])), '')
})
