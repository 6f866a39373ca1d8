/** A kubeconfig for an API server at this address. */
export function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'none', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'none', user: { token: 'none' } }],
    contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
    'current-context': 'none',
  })
}

/** For one that is not there: the receiver must boot and serve from its mounted keyring. */
export const absentApiServer = kubeconfigFor('http://127.0.0.1:1')
