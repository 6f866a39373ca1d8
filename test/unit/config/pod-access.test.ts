import assert from 'node:assert/strict'
import { test } from 'node:test'

import { podAccess } from '../../../src/config/pod-access.ts'

const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443', HOME: '/nowhere' }

test('in a pod the API server is where Kubernetes says', () => {
  assert.deepEqual(podAccess(inPod), { host: '10.0.0.1', port: '443' })
  assert.deepEqual(podAccess({ ...inPod, HOME: undefined, KUBECONFIG: '' }), { host: '10.0.0.1', port: '443' })
})

test('outside of a pod, and where KUBECONFIG is set, it is where a kubeconfig says', () => {
  for (const env of [
    {},
    { ...inPod, KUBERNETES_SERVICE_HOST: '' },
    { ...inPod, KUBERNETES_SERVICE_PORT: undefined },
    { ...inPod, KUBECONFIG: '/home/me/config' },
  ]) {
    assert.equal(podAccess(env), undefined)
  }
})
