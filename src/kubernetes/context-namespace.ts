import { loadConfig, type KubeconfigPlace } from './kubeconfig.ts'

/**
 * The namespace of the kubeconfig's context, as kubectl takes it; in a pod its own. `default` where none is named.
 */
export function contextNamespace(place: KubeconfigPlace): string {
  const config = loadConfig(place)
  return config.getContextObject(config.getCurrentContext())?.namespace || 'default'
}
