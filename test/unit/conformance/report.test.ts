import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { found, unknown } from '../../../src/conformance/finding.ts'
import { notAsked } from '../../../src/conformance/not-asked.ts'
import { questions, sometimesFound } from '../../../src/conformance/questions.ts'
import { changesSince, oneOfEach, settingsOf, type ConformanceReport } from '../../../src/conformance/report.ts'
import { switchesSchema } from '../../../playground/webhook-service/switches.ts'

test('every switch of the simulated service is asked about, or has a reason why not; no other is', () => {
  const asked = [...questions.flatMap((question) => question.switches), ...sometimesFound]
  const all = [...asked, ...Object.keys(notAsked)]
  assert.deepEqual(all.toSorted(), Object.keys(switchesSchema.shape).toSorted())
})

test('of several findings about a switch the one with a setting counts, else the first', () => {
  const given = [unknown('a', 'first'), unknown('a', 'second'), found('a', 1, 'third'), unknown('b', 'only')]
  const [a, b, c] = oneOfEach(['a', 'b', 'c'], given)
  assert.deepEqual([a?.seen, b?.seen, c?.setting], ['third', 'only', undefined])
  assert.deepEqual(settingsOf([...given, found('d', '', 'nothing')]), { a: 1, d: '' })
})

const report = (switches: ConformanceReport['switches'], problem?: string): ConformanceReport => ({
  time: '2026-11-21T12:00:00Z',
  service: 'https://service.test',
  switches,
  findings: [],
  promises: [{ version: 'v1', promise: 'a ping is taken', ...(problem !== undefined && { problem }) }],
})

describe('what has changed', () => {
  test('a setting that is another, and a promise that does not hold any more', () => {
    assert.deepEqual(changesSince(report({ errorShape: 'rpc' }), report({ errorShape: 'interactions' }, 'refused')), [
      { what: 'errorShape', before: 'rpc', now: 'interactions' },
      { what: 'v1: a ping is taken', before: 'holds', now: 'does not hold' },
    ])
  })

  test('not what only one of them found out', () => {
    assert.deepEqual(changesSince(report({ pingType: 'ping' }), report({ userAgent: 'a/1' })), [])
  })

  test('not what is measured and about as long as before', () => {
    const before = report({ attemptTimeoutMs: 10_000, readLagMs: 0 })
    assert.deepEqual(changesSince(before, report({ attemptTimeoutMs: 12_000, readLagMs: 800 })), [])
    assert.equal(changesSince(before, report({ attemptTimeoutMs: 31_000, readLagMs: 5_000 })).length, 2)
  })
})
