import { loadConfig } from './kubeconfig.ts'

/**
 * The namespace of the kubeconfig's current context, as kubectl takes it; in a pod its own. `default` where none is
 * named.
 */
export function contextNamespace(kubeconfigPath: string | undefined): string {
  return currentContext(kubeconfigPath).namespace
}

/** What the kubeconfig's current context is called, where it leads, and its namespace. */
export function currentContext(kubeconfigPath: string | undefined): {
  name: string
  server: string
  namespace: string
} {
  const config = loadConfig(kubeconfigPath === undefined ? {} : { kubeconfigPath })
  const name = config.getCurrentContext()
  const namespace = config.getContextObject(name)?.namespace || 'default'
  return { name, server: config.getCurrentCluster()?.server ?? '', namespace }
}
