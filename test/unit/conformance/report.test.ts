import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { found, unknown } from '../../../src/conformance/finding.ts'
import { notAsked } from '../../../src/conformance/not-asked.ts'
import { questions, sometimesFound } from '../../../src/conformance/questions.ts'
import {
  changesSince,
  oneOfEach,
  settingsOf,
  withEarlier,
  type ConformanceReport,
} from '../../../src/conformance/report.ts'
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

  test('what a run in between did not find out', () => {
    const between = withEarlier(report({ userAgent: 'a/1' }), report({ pingType: 'ping', userAgent: 'a/0' }))
    assert.deepEqual([between.switches, between.earlier], [{ userAgent: 'a/1' }, { pingType: 'ping' }])
    const third = withEarlier(report({}), between)
    assert.deepEqual(third.earlier, { pingType: 'ping', userAgent: 'a/1' })
    assert.deepEqual(changesSince(third, report({ pingType: 'webhook.ping', userAgent: 'a/1' })), [
      { what: 'pingType', before: 'ping', now: 'webhook.ping' },
    ])
    assert.equal(withEarlier(report({ pingType: 'ping' }), third).earlier?.['pingType'], undefined)
  })

  test('not a promise of which the service let nothing be known', () => {
    const [promise] = report({}, 'webhooks.ping answered 503').promises
    assert.ok(promise)
    const failed = { ...report({}), promises: [{ ...promise, isUnjudged: true as const }] }
    assert.deepEqual(changesSince(report({}), failed), [])
    assert.deepEqual(changesSince(failed, report({})), [])
  })

  test('not what is measured and about as long as before', () => {
    const before = report({ attemptTimeoutMs: 10_000, readLagMs: 0 })
    assert.deepEqual(changesSince(before, report({ attemptTimeoutMs: 12_000, readLagMs: 800 })), [])
    assert.equal(changesSince(before, report({ attemptTimeoutMs: 31_000, readLagMs: 5_000 })).length, 2)
  })
})
