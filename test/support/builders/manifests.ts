import assert from 'node:assert/strict'

import type { Manifest } from '../processes/helm-chart.ts'

interface Container {
  name: string
  image: string
  args?: string[]
  env?: { name: string; value?: string }[]
  ports?: { name: string; containerPort: number }[]
  startupProbe?: object
  livenessProbe?: object
  readinessProbe?: object
  securityContext?: object
  resources?: object
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[]
}

/** What tests look at in a pod template. */
export interface PodSpec {
  terminationGracePeriodSeconds: number
  serviceAccountName: string
  automountServiceAccountToken?: boolean
  imagePullSecrets?: { name: string }[]
  priorityClassName?: string
  runtimeClassName?: string
  schedulerName?: string
  hostAliases?: object[]
  dnsPolicy?: string
  dnsConfig?: { nameservers?: string[] }
  nodeSelector?: Record<string, string>
  tolerations?: object[]
  affinity?: object
  topologySpreadConstraints?: { topologyKey: string; labelSelector: { matchLabels: Record<string, string> } }[]
  volumes?: {
    name: string
    secret?: { secretName: string; optional?: boolean; items?: object[] }
    configMap?: { name: string; items?: object[] }
  }[]
  initContainers?: Container[]
  containers: [Container, ...Container[]]
}

interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> }
  spec: PodSpec
}

/** The one manifest of this kind and name; fails when there is none. */
export function named(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)
  assert.ok(found, `no ${kind} ${name}`)
  return found
}

/** The pod template of a Deployment or StatefulSet. */
export const templateOf = (manifest: Manifest) => (manifest.spec as { template: PodTemplate }).template
export const podOf = (manifest: Manifest) => templateOf(manifest).spec
