import type { ResourceKind } from '../kubernetes/client.ts'

export const podKind: ResourceKind = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }

/** As the chart and the rendered manifests label them. */
export function podLabels(component: 'controller' | 'receiver'): string {
  return `app.kubernetes.io/name=gemini-webhook-operator,app.kubernetes.io/component=${component}`
}
