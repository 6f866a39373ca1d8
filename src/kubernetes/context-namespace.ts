import { loadConfig, type KubeconfigPlace } from './kubeconfig.ts'

/**
 * The namespace of the kubeconfig's context, as kubectl takes it; in a pod its own. `default` where none is named.
 */
export function contextNamespace(place: KubeconfigPlace): string {
  return currentContext(place).namespace
}

/** What the kubeconfig's context is called, where it leads, and its namespace. */
export function currentContext(place: KubeconfigPlace): { name: string; server: string; namespace: string } {
  const config = loadConfig(place)
  const name = config.getCurrentContext()
  const namespace = config.getContextObject(name)?.namespace || 'default'
  return { name, server: config.getCurrentCluster()?.server ?? '', namespace }
}
