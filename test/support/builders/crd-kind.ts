import type { ResourceKind } from '../../../src/kubernetes/client.ts'

/** What a test installs, or takes away, to make an API server know a kind or not. */
export const crdKind: ResourceKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
}
