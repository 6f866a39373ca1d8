import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResourceKind } from '../../../src/kubernetes/client.ts'
import { describeTarget, listPath, resourcePath, watchPath } from '../../../src/kubernetes/request-path.ts'

const pod: ResourceKind = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }
const node: ResourceKind = { group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }
const lease: ResourceKind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}

const paths = [
  { want: '/api/v1/namespaces/ml/pods/p', got: resourcePath(pod, { namespace: 'ml', name: 'p' }) },
  { want: '/api/v1/pods', got: resourcePath(pod, {}) },
  { want: '/api/v1/nodes/n', got: resourcePath(node, { namespace: 'ignored', name: 'n' }) },
  {
    want: '/apis/coordination.k8s.io/v1/namespaces/ml/leases/l/status',
    got: resourcePath(lease, { namespace: 'ml', name: 'l', subresource: 'status' }),
  },
  { want: '/api/v1/namespaces/ml/pods/..%2Fsecrets', got: resourcePath(pod, { namespace: 'ml', name: '../secrets' }) },
  {
    want: '/api/v1/pods?labelSelector=a%3Db%2Cc&limit=5&continue=t%2B',
    got: listPath(pod, { labelSelector: 'a=b,c', limit: 5, continueToken: 't+' }),
  },
  {
    want: '/api/v1/namespaces/ml/pods?watch=true&fieldSelector=metadata.name%3Dp&resourceVersion=7&allowWatchBookmarks=true&timeoutSeconds=300',
    got: watchPath(pod, {
      namespace: 'ml',
      fieldSelector: 'metadata.name=p',
      resourceVersion: '7',
      allowBookmarks: true,
      serverTimeoutSeconds: 300,
    }),
  },
]

for (const { want, got } of paths) test(`path ${want}`, () => assert.equal(got, want))

test('messages name the resource as kubectl does', () => {
  assert.equal(describeTarget(pod, { namespace: 'ml', name: 'p' }), 'pods ml/p')
  assert.equal(describeTarget(lease, { namespace: 'ml' }), 'leases.coordination.k8s.io in ml')
  assert.equal(describeTarget(node, { namespace: '', name: 'n' }), 'nodes n')
  assert.equal(describeTarget(pod, {}), 'pods')
})
