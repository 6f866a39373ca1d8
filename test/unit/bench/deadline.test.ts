import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Deadline } from '../../../bench/deadline.ts'

test('a wait ends when nothing is missing any more', async () => {
  const missing = ['2 objects', undefined]
  await new Deadline(60_000).until(() => missing.shift())
  assert.deepEqual(missing, [])
})

test('a wait whose time is up says what was missing', async () => {
  await assert.rejects(
    new Deadline(0).until(() => '3 of 9 objects were Ready'),
    /^Error: 3 of 9 objects were Ready when the 0 s that the whole benchmark may take were over/,
  )
})

test('a pause for which there is no time left fails at once', async () => {
  await assert.rejects(new Deadline(5_000).sleep(6_000, 'the resyncs'), /no time left to wait 6000 ms for the resyncs/)
})
