import type { KubernetesObject, ResourceKind } from './client.ts'

const core = { group: '', version: 'v1' } as const

export const secretKind: ResourceKind = { ...core, kind: 'Secret', plural: 'secrets', namespaced: true }
export const configMapKind: ResourceKind = { ...core, kind: 'ConfigMap', plural: 'configmaps', namespaced: true }
export const serviceKind: ResourceKind = { ...core, kind: 'Service', plural: 'services', namespaced: true }
export const namespaceKind: ResourceKind = { ...core, kind: 'Namespace', plural: 'namespaces', namespaced: false }

export interface Secret extends KubernetesObject {
  type?: string
  immutable?: boolean
  /** Base64. */
  data?: Record<string, string>
}

export interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>
}

export interface Service extends KubernetesObject {
  spec?: {
    type?: string
    externalName?: string
    /** `None`: headless. */
    clusterIP?: string
    selector?: Record<string, string>
    externalIPs?: string[]
    ports?: { name?: string; port: number }[]
  }
}

export interface Namespace extends KubernetesObject {
  status?: { phase?: string }
}
