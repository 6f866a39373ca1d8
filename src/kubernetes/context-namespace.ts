import { loadConfig } from './kubeconfig.ts'

/**
 * The namespace of the kubeconfig's current context, as kubectl takes it; in a pod its own. `default` where none is
 * named.
 */
export function contextNamespace(kubeconfigPath: string | undefined): string {
  const config = loadConfig(kubeconfigPath === undefined ? {} : { kubeconfigPath })
  return config.getContextObject(config.getCurrentContext())?.namespace || 'default'
}
