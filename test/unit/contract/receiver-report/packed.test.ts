import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { packEndpoint, unpackEndpoints } from '../../../../src/contract/receiver-report/packed.ts'

const uid = '0f8fad5b-d9cb-469f-a165-70867728950e'

test('what is packed comes back, to the minute', () => {
  const reports = [
    { pending: 0 },
    { pending: 7, lastVerifiedTime: '2026-11-21T12:00:00Z' },
    { pending: 1_000_000_000, refusingSince: '2026-11-21T11:59:00Z' },
    { pending: 0, lastDropTime: '2026-11-21T11:00:00Z' },
    {
      pending: 1,
      lastVerifiedTime: '2026-11-21T12:00:00Z',
      refusingSince: '2026-11-21T11:59:00Z',
      lastDropTime: '2026-11-21T11:00:00Z',
    },
  ]
  const text = reports.map((report) => packEndpoint(uid, report)).join('')
  assert.deepEqual(
    [...unpackEndpoints(text)],
    reports.map((report) => [uid, report]),
  )
  const second = packEndpoint(uid, { pending: 0, refusingSince: '2026-11-21T11:59:59Z' }) ?? ''
  assert.deepEqual([...unpackEndpoints(second)], [[uid, { pending: 0, refusingSince: '2026-11-21T11:59:00Z' }]])
})

test('an endpoint that has something pending takes some thirty bytes', () => {
  const sizes = Array.from(
    { length: 50 },
    () => packEndpoint(randomUUID(), { pending: 12, lastVerifiedTime: '2026-11-21T12:00:00Z' })?.length ?? 0,
  )
  assert.ok(Math.max(...sizes) <= 31, String(Math.max(...sizes)))
})

test('a check, and a uid that is none, are told in full', () => {
  assert.equal(packEndpoint(uid, { pending: 0, check: { attemptID: 'a', keyID: 'k' } }), undefined)
  assert.equal(packEndpoint('uid-1', { pending: 0 }), undefined)
})

test('whatever stands there, reading ends and throws nothing', () => {
  const pieces = fc.array(fc.constantFrom('A', '_', '-', ',', ';', 'z', '9', ' ', '\u0000', 'AAAAAAAAAAAAAAAAAAAAAA'))
  fc.assert(
    fc.property(pieces, (parts) => {
      for (const each of unpackEndpoints(parts.join(''))) assert.ok(each === undefined || each[0].length === 36)
    }),
  )
})
