import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SharedLines } from '../../../src/receiver/shared-lines.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const countOf = (lines: SharedLines, namespace: string, tries: number) =>
  Array.from({ length: tries }, () => lines.take(namespace)).filter((line) => line !== undefined).length

test('one namespace writes as many lines a second as it may, and the next has some all the same', async () => {
  const clock = new FakeClock()
  const lines = new SharedLines(100, clock)
  assert.equal(countOf(lines, 'loud', 1_000), 100)
  assert.equal(countOf(lines, 'quiet', 10), 10)
  assert.equal(countOf(lines, '', 3), 3)
  await clock.advance({ seconds: 1 })
  assert.equal(countOf(lines, 'loud', 200), 100)
  await clock.advance({ seconds: 1 })
  assert.deepEqual(lines.take('quiet'), { suppressedLines: 100 })
  assert.deepEqual(lines.take('quiet'), {})
})
