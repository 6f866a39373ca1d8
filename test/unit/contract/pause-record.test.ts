import assert from 'node:assert/strict'
import { test } from 'node:test'

import { describePause, readPause } from '../../../src/contract/pause-record.ts'

const since = '2026-11-21T12:00:00Z'
const metadata = { creationTimestamp: since }

test('a ConfigMap that says nothing pauses, and its age is told', () => {
  assert.deepEqual(readPause({ metadata }), { since })
  assert.deepEqual(readPause({ metadata: {}, data: { reason: ' \n ', other: 'x' } }), {})
})

test('a reason is one line of at most 200 characters, whatever stands in the ConfigMap', () => {
  assert.equal(
    readPause({ metadata, data: { reason: 'moved\n\tto another\u0007 project ' } }).reason,
    'moved to another project',
  )
  assert.equal(
    readPause({ metadata, data: { reason: 'moved\u202e)emuser hwg(\u2066 \u200bnow' } }).reason,
    'moved )emuser hwg( now',
  )
  const long = readPause({ metadata, data: { reason: '\u{1F6A7}'.repeat(500) } }).reason ?? ''
  assert.equal(Array.from(long).length, 200)
  assert.ok(long.isWellFormed())
})

test('a pause is told with what is known of it, and always in the same words', () => {
  const end = 'no calls to Google are made until "gwh resume", which deletes ConfigMap gwh/gwh-pause'
  assert.equal(describePause({}, 'gwh'), `the whole installation is paused: ${end}`)
  assert.equal(
    describePause({ since, reason: 'moved' }, 'gwh'),
    `the whole installation is paused since ${since} (moved): ${end}`,
  )
})
