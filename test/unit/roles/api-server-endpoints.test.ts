import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { KubernetesClient } from '../../../src/kubernetes/client.ts'
import type { EndpointSlice } from '../../../src/kubernetes/endpoint-slice.ts'
import { followApiServerEndpoints } from '../../../src/roles/api-server-endpoints.ts'
import { endpointKey } from '../../../src/sinks/address-guard.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const slice = (...addresses: string[]): EndpointSlice => ({
  metadata: { name: 'kubernetes', namespace: 'default' },
  endpoints: [{ addresses }],
  ports: [{ name: 'https', port: 6443 }],
})

test('the endpoints of the API server are read at the start and every few minutes; what was seen stays through failures', async () => {
  const answers: (EndpointSlice | Error | undefined)[] = [
    slice('192.168.1.10'),
    new Error('403'),
    slice('192.168.1.11'),
  ]
  let asked = 0
  const get = (async () => {
    const answer = answers[asked++]
    if (answer instanceof Error) throw answer
    return answer
  }) as KubernetesClient['get']
  const clock = new FakeClock()
  const parts = new AsyncDisposableStack()
  const known = followApiServerEndpoints({ client: { get }, clock }, parts)
  await clock.advance({ minutes: 5 })
  assert.deepEqual([...known], [endpointKey('192.168.1.10', 6443)])
  await clock.advance({ minutes: 5 })
  assert.deepEqual([...known], [endpointKey('192.168.1.10', 6443), endpointKey('192.168.1.11', 6443)])
  await parts.disposeAsync()
  const before = asked
  await clock.advance({ minutes: 60 })
  assert.equal(asked, before)
})
