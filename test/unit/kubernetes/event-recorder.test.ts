import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { KubernetesClient, KubernetesObject } from '../../../src/kubernetes/client.ts'
import { createEventRecorder, type NewKubernetesEvent } from '../../../src/kubernetes/event-recorder.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const anEvent = (namespace: string, name: string): NewKubernetesEvent => ({
  regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace, name, uid: name },
  type: 'Warning',
  reason: 'Happened',
  action: 'Trying',
  note: 'It happened',
})

test('however many objects of one namespace tell something, what an object of another repeats stays one Event', async () => {
  const written: string[] = []
  const client = {
    create: (_kind: unknown, object: KubernetesObject) => {
      written.push(`create ${object.metadata.namespace}`)
      return Promise.resolve(object)
    },
    patch: (_kind: unknown, { namespace }: { namespace: string }) => {
      written.push(`patch ${namespace}`)
      return Promise.resolve({ metadata: { name: '' } })
    },
  } as unknown as KubernetesClient
  const recorder = createEventRecorder({
    client,
    controller: 'example.io/controller',
    instance: 'pod-1',
    clock: new FakeClock(),
    random: () => 0,
    logger: silentLogger,
    metrics: createMetrics(),
  })
  recorder.record(anEvent('ml', 'victim'))
  await recorder.flush()
  for (let index = 0; index < 6_000; index++) {
    recorder.record(anEvent('evil', `object-${index}`))
    if (index % 500 === 0) await recorder.flush()
  }
  recorder.record(anEvent('ml', 'victim'))
  await recorder.flush()
  assert.deepEqual(
    written.filter((each) => each.endsWith(' ml')),
    ['create ml', 'patch ml'],
  )
})
