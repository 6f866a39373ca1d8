import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compareSizes } from '../../../bench/controller/compare-sizes.ts'
import type { MeasuredSize } from '../../../bench/controller/measure-size.ts'

const small = {
  objects: 1_000,
  seconds: 40,
  controllerCpuMsPerObject: 16,
  apiServerCpuMsPerObject: 40,
  writesPerObject: 7,
  reconcilesPerObject: 8,
  heapBytes: 20_000_000,
  steady: { cpuMsPerObject: 2, heapBytes: 18_000_000 },
} as MeasuredSize

test('ratios are per object, so that costs which grow with the objects give 1', () => {
  const large = { ...small, objects: 5_000, seconds: 200, heapBytes: 60_000_000 }
  const { ratios } = compareSizes([small, large]) as { ratios: Record<string, number> }
  assert.deepEqual([...new Set(Object.values(ratios))], [1])
})

test('a cost that grows with the square of the objects shows as their ratio', () => {
  const large = { ...small, objects: 5_000, seconds: 1_000, controllerCpuMsPerObject: 80 }
  const { ratios } = compareSizes([small, large]) as { ratios: Record<string, number> }
  assert.deepEqual([ratios['time'], ratios['controllerCpu'], ratios['writes']], [5, 5, 1])
})

test('memory is what an object more takes, whatever is there without any', () => {
  const large = { ...small, objects: 5_000, heapBytes: 60_000_000, steady: { ...small.steady, heapBytes: 50_000_000 } }
  const compared = compareSizes([small, large])
  assert.deepEqual([compared.heapBytesPerObject, compared.heapBytesPerObjectSteady], [10_000, 8_000])
})

test('one size has nothing to compare with', () => {
  assert.deepEqual(compareSizes([small]), {})
})
