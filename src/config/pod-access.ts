import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { Environment } from './sources.ts'

/**
 * Where a pod reaches the API server, by the variables that Kubernetes sets in every container. undefined outside of a
 * pod, and where kubectl's variable or default file names a kubeconfig, which goes first.
 */
export function podAccess(env: Environment): { host: string; port: string } | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, KUBECONFIG, HOME } = env
  if (!host || !port || KUBECONFIG) return undefined
  if (HOME && existsSync(join(HOME, '.kube', 'config'))) return undefined
  return { host, port }
}
