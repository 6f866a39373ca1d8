import assert from 'node:assert/strict'
import { test } from 'node:test'

import { idOf, withHelm, type Manifest } from '../support/processes/helm-chart.ts'
import { valueSets } from '../support/builders/value-sets.ts'

interface Pod {
  securityContext?: Record<string, unknown>
  containers: { securityContext?: object }[]
  initContainers?: { securityContext?: object }[]
}

const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}

function podSpecOf({ kind, spec }: Manifest): Pod | undefined {
  if (kind === 'Pod') return spec as unknown as Pod
  return (spec as { template?: { spec?: Pod } } | undefined)?.template?.spec
}

withHelm('every pod of the chart', (charts) => {
  for (const chart of charts) {
    for (const [name, values] of Object.entries(valueSets)) {
      test(`is confined whatever the values, helm ${chart.major}: ${name}`, () => {
        const rendered = [...chart.manifests(values), ...chart.testPods(values)]
        const pods = rendered.flatMap((manifest) => {
          const pod = podSpecOf(manifest)
          return pod === undefined ? [] : [{ id: idOf(manifest), pod }]
        })
        assert.ok(pods.length > 0)
        for (const { id, pod } of pods) {
          assert.equal(pod.securityContext?.['runAsNonRoot'], true, id)
          assert.deepEqual(pod.securityContext?.['seccompProfile'], { type: 'RuntimeDefault' }, id)
          for (const { securityContext } of [...pod.containers, ...(pod.initContainers ?? [])]) {
            assert.deepEqual(securityContext, restricted, id)
          }
        }
      })
    }
  }
})
