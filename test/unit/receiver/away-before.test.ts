import assert from 'node:assert/strict'
import { test } from 'node:test'

import { awayBefore, readAway } from '../../../src/receiver/away-before.ts'
import { KubernetesApiError, type KubernetesClient } from '../../../src/kubernetes/client.ts'

const nowMs = Date.parse('2026-11-21T12:00:30Z')
const at = (hours: number) =>
  new Date(Date.parse('2026-11-21T12:00:00Z') + hours * 3_600_000).toISOString().replace('.000', '')
const report = (time: string | undefined, more: object = {}) => JSON.stringify({ time, ...more, endpoints: {} })

test('receivers that all were silent for longer than Google retries were away until now', () => {
  assert.deepEqual(awayBefore([report(at(-40)), report(at(-25), { stopped: true })], nowMs), {
    since: at(-25),
    until: at(0),
  })
})

test('one that reported lately was there, and where nobody ever reported nothing is known', () => {
  assert.equal(awayBefore([report(at(-40)), report(at(-23.9))], nowMs), undefined)
  assert.equal(awayBefore([], nowMs), undefined)
  assert.equal(awayBefore([report(undefined), '{"endpoints":', 'null'], nowMs), undefined)
})

test('a receiver whose clock is a little ahead runs, whatever was left by one that is gone', () => {
  assert.equal(awayBefore([report(at(-30)), report(at(0.05))], nowMs), undefined)
})

test('a time far ahead of now is no sign of anybody', () => {
  assert.deepEqual(awayBefore([report(at(-30)), report(at(1))], nowMs)?.since, at(-30))
})

test('what others tell of the time before is told on, the newest, for two weeks', () => {
  const told = (since: number, until: number) => ({ away: { since: at(since), until: at(until) } })
  const reports = [report(at(-1), told(-90, -60)), report(at(-2), told(-50, -20)), report(at(-400), told(-800, -700))]
  assert.deepEqual(awayBefore(reports, nowMs), told(-50, -20).away)
  assert.equal(awayBefore([report(at(-1), told(-400, -14 * 24 - 1))], nowMs), undefined)
})

test('all places are read; one that may not be read tells nothing, and one that does not answer is waited for', async () => {
  const seen: string[] = []
  const clientWith = (status: number) =>
    ({
      get: (_kind: unknown, { name }: { name: string }) => {
        seen.push(name)
        if (name.endsWith('-3')) return Promise.reject(new KubernetesApiError({ status, reason: 'x', message: 'x' }))
        return Promise.resolve(name.endsWith('-7') ? { data: { 'gwh-receiver-7': report(at(-26)) } } : undefined)
      },
    }) as unknown as KubernetesClient
  assert.equal((await readAway(clientWith(403), 'gwh', nowMs))?.since, at(-26))
  assert.equal(new Set(seen).size, 16)
  await assert.rejects(readAway(clientWith(500), 'gwh', nowMs))
})
