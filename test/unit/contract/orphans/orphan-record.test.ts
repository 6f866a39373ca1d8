import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  describeOrphanReason,
  orphanIdOf,
  orphanKeyOf,
  readOrphans,
} from '../../../../src/contract/orphans/orphan-record.ts'

const uid = '7f1c1b0a-2d3e-4f50-8a6b-9c0d1e2f3a4b'
const record = { namespace: 'ml', name: 'batch-events', id: 'wh_1' }

test('an object has one entry for each webhook that it left, and the same one for the same webhook', () => {
  assert.equal(orphanKeyOf(uid, 'wh_1'), `${uid}.wh_1`)
  assert.equal(orphanKeyOf(uid, undefined), uid)
  assert.notEqual(orphanKeyOf(uid, 'wh_1'), orphanKeyOf(uid, 'wh_2'))
})

test('every id that may stand in a path makes a key that a ConfigMap takes', () => {
  const ids = ['a/b', 'ü', 'wh~1', 'x'.repeat(256), '..', 'A'.repeat(128)]
  const keys = ids.map((id) => orphanKeyOf(uid, id))
  for (const key of keys) assert.match(key, /^[-._a-zA-Z0-9]{1,253}$/)
  assert.equal(new Set(keys).size, ids.length)
})

test('entries are read oldest first; those of the first versions and those of later ones too, and what is none is shown as such', () => {
  const data = {
    'u-2': JSON.stringify({ ...record, id: 'wh_2', time: '2026-11-21T12:00:00Z', reason: 'NewReason', more: 1 }),
    'u-1': JSON.stringify({ ...record, time: '2026-11-20T12:00:00Z' }),
    'u-3': '{"namespace":"ml"',
    'u-4': '{"namespace":7}',
  }
  const orphans = readOrphans(data)
  assert.deepEqual(
    orphans.map((orphan) => [orphan.key, orphanIdOf(orphan), orphan.record?.reason]),
    [
      ['u-3', 'u-3', undefined],
      ['u-4', 'u-4', undefined],
      ['u-1', 'wh_1', undefined],
      ['u-2', 'wh_2', 'NewReason'],
    ],
  )
  assert.deepEqual(
    orphans.map(({ text }) => text),
    [data['u-3'], data['u-4'], data['u-1'], data['u-2']],
  )
  assert.deepEqual(readOrphans(undefined), [])
})

test('a reason is told in words where this version knows it, else as it stands', () => {
  assert.equal(describeOrphanReason('Abandoned'), 'the annotation abandoned it')
  assert.equal(describeOrphanReason('NewReason'), 'NewReason')
  assert.equal(describeOrphanReason('constructor'), 'constructor')
  assert.equal(describeOrphanReason(undefined), '')
})
