import type { ResourceKind } from '../kubernetes/client.ts'

export const podKind: ResourceKind = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }

const ofOperator = 'app.kubernetes.io/name=gemini-webhook-operator'

/** The label selector of all its pods. */
export const operatorPods = `${ofOperator},app.kubernetes.io/component in (controller,receiver)`

/** As the chart and the rendered manifests label them. */
export function podLabels(component: 'controller' | 'receiver'): string {
  return `${ofOperator},app.kubernetes.io/component=${component}`
}
