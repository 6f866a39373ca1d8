import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sumOf, writesIn, writesSince } from '../../../bench/controller/api-server-writes.ts'

const line = (labels: Record<string, string>, value: number) =>
  `apiserver_request_total{${Object.entries(labels)
    .map(([name, text]) => `${name}="${text}"`)
    .join(',')}} ${value}`

const secret = { code: '201', component: 'apiserver', resource: 'secrets', scope: 'resource', subresource: '' }

test('adds up what succeeded, over verbs and codes, and keeps subresources apart', () => {
  const exposition = [
    '# TYPE apiserver_request_total counter',
    line({ ...secret, verb: 'POST' }, 3),
    line({ ...secret, code: '200', verb: 'PATCH' }, 4),
    line({ ...secret, code: '200', verb: 'PUT', resource: 'geminiwebhooks', subresource: 'status' }, 5),
  ].join('\n')
  assert.deepEqual(writesIn(exposition), { secrets: 7, 'geminiwebhooks/status': 5 })
})

test('counts neither reads nor refusals nor rehearsals nor other counters', () => {
  const exposition = [
    line({ ...secret, code: '200', verb: 'LIST' }, 9),
    line({ ...secret, code: '409', verb: 'PUT' }, 9),
    line({ ...secret, code: '200', verb: 'PUT', dry_run: 'All' }, 9),
    line({ ...secret, verb: 'POST' }, 9).replace('_total', '_aborts_total'),
  ].join('\n')
  assert.deepEqual(writesIn(exposition), {})
})

test('only what came after counts, and only for the resources that were asked for', () => {
  const since = writesSince({ secrets: 2 }, { secrets: 5, leases: 40, configmaps: 1 }, ['secrets', 'configmaps'])
  assert.deepEqual(since, { secrets: 3, configmaps: 1 })
  assert.equal(sumOf(since), 4)
})
