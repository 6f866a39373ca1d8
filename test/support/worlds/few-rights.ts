import assert from 'node:assert/strict'

import { apiVersion, kindName, pluralName } from '../../../src/api/kind.ts'
import { applyCrds, type RunningControlPlane } from '../processes/real-api-server.ts'

/** Who may get, list and watch the GeminiWebhooks of the namespace `team`, and who may do nothing. */
export type FewRights = 'viewer' | 'nobody'

/** The CRD, the roles that ship, the namespaces `team` and `other`, and both users as ServiceAccounts of `team`. */
export async function prepareFewRights(server: RunningControlPlane): Promise<void> {
  await applyCrds(server)
  for (const args of [
    ['apply', '-f', 'deploy/namespace.yaml', '-f', 'deploy/rbac'],
    ['create', 'namespace', 'team'],
    ['create', 'namespace', 'other'],
    ['-n', 'team', 'create', 'serviceaccount', 'viewer'],
    ['-n', 'team', 'create', 'serviceaccount', 'nobody'],
  ]) {
    const made = await server.kubectl(args)
    assert.equal(made.code, 0, made.stderr)
  }
  await allowToView(server, 'viewer')
}

/** In the namespace `team`. */
export async function allowToView(server: RunningControlPlane, user: FewRights): Promise<void> {
  const subject = `--serviceaccount=team:${user}`
  const bound = await server.kubectl(['-n', 'team', 'create', 'rolebinding', user, '--clusterrole=gwh-view', subject])
  assert.equal(bound.code, 0, bound.stderr)
}

export async function addWebhook(server: RunningControlPlane, namespace: string, name: string): Promise<void> {
  const created = await server.call('POST', `/apis/${apiVersion}/namespaces/${namespace}/${pluralName}`, {
    apiVersion,
    kind: kindName,
    metadata: { name, namespace },
    spec: { apiKeySecretRef: { name: 'gemini' }, events: ['batch.failed'] },
  })
  assert.equal(created.status, 201, JSON.stringify(created.body))
}

/** The path of a kubeconfig whose context, `test`, is of the namespace `team`. */
export async function kubeconfigOf(server: RunningControlPlane, user: FewRights): Promise<string> {
  const path = await server.kubeconfigForServiceAccount('team', user)
  const set = await server.kubectl(['config', 'set-context', '--current', '--namespace=team'], { as: path })
  assert.equal(set.code, 0, set.stderr)
  return path
}
