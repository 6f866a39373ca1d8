import assert from 'node:assert/strict'
import { test } from 'node:test'

import { samplesOf, totalOf, totalsBy } from '../../../bench/controller/exposition.ts'

const exposition = [
  '# HELP calls_total Calls.',
  '# TYPE calls_total counter',
  'calls_total{verb="get",code="200"} 7',
  'calls_total{verb="get",code="404"} 2',
  'calls_total{verb="patch",code="200"} 1.5e+01',
  'calls_total_created{verb="get"} 99',
  'process_cpu_seconds_total 12.5',
].join('\n')

test('samples of exactly this metric are read, with and without labels', () => {
  assert.equal(samplesOf(exposition, 'calls_total').length, 3)
  assert.deepEqual(samplesOf(exposition, 'process_cpu_seconds_total'), [{ labels: {}, value: 12.5 }])
  assert.deepEqual(samplesOf(exposition, 'nothing'), [])
})

test('samples are added up, all of them or by a label', () => {
  assert.equal(totalOf(exposition, 'calls_total'), 24)
  assert.deepEqual(totalsBy(exposition, 'calls_total', 'verb'), { get: 9, patch: 15 })
})
