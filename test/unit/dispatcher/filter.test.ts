import assert from 'node:assert/strict'
import { test } from 'node:test'

import { matchesFilter } from '../../../src/dispatcher/filter.ts'

const cases = [
  { filter: undefined, type: 'batch.succeeded', want: true },
  { filter: { typesExact: [], typesPrefix: [] }, type: 'batch.succeeded', want: true },
  { filter: { typesExact: ['batch.succeeded'], typesPrefix: [] }, type: 'batch.succeeded', want: true },
  { filter: { typesExact: ['batch.succeeded'], typesPrefix: [] }, type: 'batch.succeeded2', want: false },
  { filter: { typesExact: ['batch.succeeded'], typesPrefix: [] }, type: 'Batch.Succeeded', want: false },
  { filter: { typesExact: [], typesPrefix: ['batch.'] }, type: 'batch.failed', want: true },
  { filter: { typesExact: [], typesPrefix: ['batch.'] }, type: 'my.batch.failed', want: false },
  { filter: { typesExact: ['video.generated'], typesPrefix: ['batch.'] }, type: 'video.generated', want: true },
  { filter: { typesExact: ['video.generated'], typesPrefix: ['batch.'] }, type: 'batch.expired', want: true },
  { filter: { typesExact: ['video.generated'], typesPrefix: ['batch.'] }, type: 'unknown', want: false },
  { filter: { typesExact: ['unknown'], typesPrefix: [] }, type: 'unknown', want: true },
  { filter: { typesExact: [], typesPrefix: [''] }, type: 'anything', want: true },
]

for (const { filter, type, want } of cases) {
  test(`${JSON.stringify(filter)} ${want ? 'wants' : 'does not want'} ${type}`, () => {
    assert.equal(matchesFilter(filter, type), want)
  })
}
