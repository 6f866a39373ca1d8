import assert from 'node:assert/strict'
import { test } from 'node:test'

import { renderTable } from '../../../bench/table.ts'

test('columns are as wide as their widest cell, names to the left, figures to the right', () => {
  const table = renderTable([
    ['receiver', 'p50, ms', 'p99, ms'],
    ['bare', '0.7', '9'],
    ['this checkout', '12.5'],
  ])
  assert.equal(
    table,
    [
      'receiver        p50, ms   p99, ms', //
      'bare                0.7         9',
      'this checkout      12.5',
      '',
    ].join('\n'),
  )
})

test('nothing gives nothing', () => {
  assert.equal(renderTable([]), '')
})
