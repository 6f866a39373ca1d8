/**
 * The Service that a host name of the cluster means: `NAME.NAMESPACE.svc`, with or without the cluster's domain.
 * Undefined for every other host.
 */
export function serviceOfHost(
  host: string,
  clusterDomain: string | undefined,
): { name: string; namespace: string } | undefined {
  const match = /^([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.svc(?:\.(.+))?$/.exec(host.toLowerCase().replace(/\.$/, ''))
  const [, name, namespace, domain] = match ?? []
  if (name === undefined || namespace === undefined) return undefined
  const isInCluster = domain === undefined || domain === (clusterDomain ?? usualDomain)
  return isInCluster ? { name, namespace } : undefined
}

const usualDomain = 'cluster.local'
