import type { KubernetesClient } from '../kubernetes/client.ts'
import { openKubernetesClient } from '../kubernetes/open-client.ts'
import type { RoleDeps } from './process-deps.ts'

interface ClusterSettings {
  readonly kubeconfig: string | undefined
  readonly kubernetesQps: number
  readonly kubernetesBurst: number
}

/**
 * A client by the role's settings; makes no call yet. `part` distinguishes its requests in the API server's audit log.
 */
export function openCluster(settings: ClusterSettings, part: string, deps: RoleDeps): Promise<KubernetesClient> {
  const { clock, random, logger, metrics, version, pod } = deps
  const { kubeconfig } = settings
  return openKubernetesClient({
    ...(kubeconfig === undefined ? { pod } : { kubeconfigPath: kubeconfig }),
    userAgent: `gwh-${part}/${version}`,
    clock,
    random,
    logger,
    metrics,
    qps: settings.kubernetesQps,
    burst: settings.kubernetesBurst,
  })
}
