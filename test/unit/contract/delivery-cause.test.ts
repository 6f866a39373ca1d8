import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { readCause, writeCause } from '../../../src/contract/delivery-cause.ts'
import { sinkFailures } from '../../../src/contract/receiver-report/sink-failure.ts'
import { holdCauses } from '../../../src/dispatcher/cause.ts'

for (const cause of [{ word: 'timeout' }, { word: 'status', status: 503 }, { word: 'unauthorized', status: 401 }]) {
  test(`a cause is read as it was written: ${writeCause(cause)}`, () => {
    assert.deepEqual(readCause(writeCause(cause)), cause)
  })
}

for (const text of [
  '',
  'status 1',
  'status 5000',
  '503',
  'http://10.0.0.1',
  'two words',
  'x'.repeat(33),
  'status 503 ',
]) {
  test(`nobody is shown as a cause what none of ours is: ${JSON.stringify(text.slice(0, 20))}`, () => {
    assert.equal(readCause(text), undefined)
  })
}

test('the page about sinks explains every cause, and no other', () => {
  const page = readFileSync('docs/reference/sinks.md', 'utf8')
  const [, section = ''] = /\n## Dead letters\n([^]*?)\n## /.exec(page) ?? []
  const [, table = ''] = section.split(/^\| cause .*$/m)
  const explained = [...table.matchAll(/^\| `(\w+)` +\| (\S.*\S) +\|$/gm)].map(([, word]) => word)
  const ours = new Set([...Object.keys(sinkFailures), ...Object.values(holdCauses)])
  assert.deepEqual(new Set(explained), ours)
  assert.equal(explained.length, ours.size)
  for (const word of ours) assert.deepEqual(readCause(word), { word })
})
