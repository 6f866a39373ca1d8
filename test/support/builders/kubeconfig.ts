/** A kubeconfig for a server without TLS, with a token; `namespace`: of its context. */
export function kubeconfigFor(server: string, namespace?: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'a-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...(namespace !== undefined && { namespace }) } }],
    'current-context': 'x',
  })
}
