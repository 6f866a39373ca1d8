import assert from 'node:assert/strict'
import { test } from 'node:test'

import { givenTime } from '../../../src/api/field-types.ts'

const isTaken = (text: string) => givenTime().safeParse(text).success

test('a time that is given is one of RFC 3339, as an API server judges it', () => {
  for (const text of ['2026-11-03T08:00:00Z', '2026-11-03t08:00:00.123+01:00', '2028-02-29T23:59:59z'])
    assert.ok(isTaken(text), text)
  for (const text of ['a.b', '', '2026-11-03', '2026-11-31T08:00:00Z', '2026-02-29T08:00:00Z', '2026-11-03T24:00:00Z'])
    assert.ok(!isTaken(text), text)
})
