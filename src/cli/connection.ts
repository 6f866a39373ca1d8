import type { KubeconfigPlace } from '../kubernetes/kubeconfig.ts'

/** The settings that say which API server is asked, and as whom. */
export interface ConnectionConfig {
  readonly kubeconfig: string | undefined
  readonly context?: string | undefined
  readonly as?: string | undefined
}

export function placeOf({ kubeconfig, context, as }: ConnectionConfig): KubeconfigPlace {
  return {
    ...(kubeconfig !== undefined && { kubeconfigPath: kubeconfig }),
    ...(context !== undefined && { context }),
    ...(as !== undefined && { impersonate: as }),
  }
}
