import assert from 'node:assert/strict'
import { test } from 'node:test'

import { allowedMethods, endpointNamedIn, pathPrefixes } from '../../../src/receiver/request-path.ts'

const cases: { url: string; prefix?: string; want: string | undefined }[] = [
  { url: '/v1/s/ml/batch-events', want: 'POST' },
  { url: '/v1/s/ml/batch-events?x=/healthz', want: 'POST' },
  { url: '/healthz', want: 'GET, HEAD' },
  { url: '/v1/s/ml', want: undefined },
  { url: '/v1/s/ml/', want: undefined },
  { url: '/v1/s/ml/batch-events/', want: undefined },
  { url: '/v1/d/ml/batch-events/token', want: 'POST' },
  { url: '/v1/d/ml/batch-events', want: undefined },
  { url: '/v1/r/search/nightly/token', want: 'POST' },
  { url: '/v1/r/search/nightly', want: undefined },
  { url: '/v1/d/ml/batch-events/token/more', want: undefined },
  { url: '/V1/s/ml/batch-events', want: undefined },
  { url: '*', want: undefined },
  { url: '', want: undefined },
  { url: '/hooks/v1/s/ml/batch-events', prefix: '/hooks', want: 'POST' },
  { url: '/v1/s/ml/batch-events', prefix: '/hooks', want: 'POST' },
  { url: '/hooks/healthz', prefix: '/hooks/', want: 'GET, HEAD' },
  { url: '/hooksv1/s/ml/batch-events', prefix: '/hooks', want: undefined },
]
for (const { url, prefix = '', want } of cases) {
  test(`"${url}" under the prefix "${prefix}" answers to ${want ?? 'nothing'}`, () => {
    assert.equal(allowedMethods(url, pathPrefixes(prefix)), want)
  })
}

for (const prefix of ['hooks', '/a b', '/a?b', '/:param', '/*', '/a//b', '/%41']) {
  test(`the prefix "${prefix}" is refused at start`, () => {
    assert.throws(() => pathPrefixes(prefix), { name: 'RangeError', message: /is not a plain path; write it like/ })
  })
}

const namedIn = (target: string) => endpointNamedIn(Buffer.from(`POST ${target} HTTP/1.1\r\nhost: x\r\n\r\n`))

test('whom a request is for is told by its path, and by nothing behind it', () => {
  const victim = { kind: 'webhook', namespace: 'victim', name: 'hook' }
  for (const target of ['/v1/s/victim/hook', '/hooks/v1/d/victim/hook/token', '/v1/s/victim/hook?x=/v1/s/other/hook']) {
    assert.deepEqual(namedIn(target), victim, target)
  }
  assert.deepEqual(namedIn('/hooks/v1/r/victim/hook/token'), { ...victim, kind: 'route' })
  for (const target of ['/v1/%73/other/hook?/v1/s/victim/hook', '/v1/%73/other/hook#/v1/s/victim/hook', '/healthz']) {
    assert.equal(namedIn(target), undefined, target)
  }
})
