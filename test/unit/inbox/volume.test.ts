import assert from 'node:assert/strict'
import { test } from 'node:test'

import { problemOfVersion } from '../../../src/inbox/sqlite/open-database.ts'
import { judgeVolume } from '../../../src/inbox/sqlite/volume.ts'

const gibibyte = 1024 ** 3
const ext4 = 0xef53
const volume = { type: ext4, totalBytes: 10 * gibibyte, availableBytes: 10 * gibibyte }

const refused = [
  { name: 'NFS', type: 0x6969 },
  { name: 'CIFS', type: 0xff534d42 },
  { name: 'CIFS as a negative number', type: 0xff534d42 | 0 },
  { name: '9P', type: 0x01021997 },
]
for (const { name, type } of refused) {
  test(`a volume on ${name} is refused: no write-ahead log is safe there`, () => {
    const verdict = judgeVolume({ ...volume, type }, 0, gibibyte)
    assert.equal(verdict.usable, false)
    assert.match(verdict.usable ? '' : verdict.problem, /local or block volume/)
  })
}

test('memory is allowed, with a warning', () => {
  const verdict = judgeVolume({ ...volume, type: 0x01021994 }, 0, gibibyte)
  assert.ok(verdict.usable)
  assert.match(verdict.warning ?? '', /tmpfs/)
})

const budgets = [
  { name: 'what is asked for, where the volume is large', ...volume, own: 0, wanted: gibibyte, want: gibibyte },
  { name: '80 % of a small volume', ...volume, own: 0, wanted: 100 * gibibyte, want: 8 * gibibyte },
  {
    name: '80 % of what others leave',
    ...volume,
    availableBytes: gibibyte,
    own: gibibyte,
    wanted: 100 * gibibyte,
    want: Math.floor(1.6 * gibibyte),
  },
]
for (const { name, own, wanted, want, ...facts } of budgets) {
  test(`the budget is ${name}`, () => {
    const verdict = judgeVolume(facts, own, wanted)
    assert.ok(verdict.usable)
    assert.equal(verdict.warning, undefined)
    assert.equal(verdict.maxBytes, want)
  })
}

for (const [version, isRefused] of [
  ['3.51.2', true],
  ['3.50.9', true],
  ['2.99.99', true],
  ['3.51.3', false],
  ['3.52.0', false],
  ['4.0.0', false],
] as const) {
  test(`SQLite ${version} is ${isRefused ? 'refused: it can corrupt a write-ahead log' : 'taken'}`, () => {
    const problem = problemOfVersion(version)
    assert.equal(problem !== undefined, isRefused)
    if (isRefused) assert.match(problem ?? '', /use Node 24\.15 or later/)
  })
}
