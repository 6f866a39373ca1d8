import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { withRealApiServer } from '../support/processes/real-api-server.ts'

interface Ask {
  verb: string
  resource: string
  group?: string
  subresource?: string
  namespace?: string
  name?: string
}

interface User {
  readonly user: string
  readonly groups: readonly string[]
}

const own = 'gemini-webhook-system'
const gwh = { group: 'webhooks.gemini-operator.io', resource: 'geminiwebhooks', namespace: 'team' }
const routes = { ...gwh, resource: 'geminiroutes' }
const events = { group: 'events.k8s.io', resource: 'events', namespace: 'team' }
const slices = { group: 'discovery.k8s.io', resource: 'endpointslices' }
const leases = { group: 'coordination.k8s.io', resource: 'leases', namespace: own }
const each = (verbs: string, ask: Omit<Ask, 'verb'>): Ask[] =>
  verbs.split(' ').map((verb) => Object.assign({ verb }, ask))

const receiver = {
  may: [
    ...each('list watch', gwh),
    ...each('list watch', { resource: 'secrets', namespace: own, name: 'gwh-keyring-0' }),
    ...each('list watch', { resource: 'secrets', namespace: own, name: 'gwh-keyring-15' }),
    ...each('get patch', { resource: 'configmaps', namespace: own, name: 'gwh-receiver-reports-0' }),
    ...each('get patch', { resource: 'configmaps', namespace: own, name: 'gwh-receiver-reports-15' }),
    ...each('patch', { resource: 'configmaps', namespace: own, name: 'gwh-receiver-reports' }),
    ...each('get', { ...slices, namespace: 'default', name: 'kubernetes' }),
    ...each('create patch', events),
  ],
  mayNot: [
    ...each('get update patch delete create', gwh),
    ...each('update patch', { ...gwh, subresource: 'status' }),
    ...each('get list watch create update patch delete', routes),
    ...each('get list watch', { resource: 'namespaces' }),
    ...each('get list watch', { resource: 'secrets', namespace: 'team', name: 'gemini-api-key' }),
    ...each('get list watch', { resource: 'secrets', namespace: 'team', name: 'gwh-keyring-0' }),
    ...each('get list watch', { resource: 'secrets', namespace: own, name: 'gwh-keyring-16' }),
    ...each('get list watch', { resource: 'secrets', namespace: own }),
    ...each('get update patch delete', { resource: 'secrets', namespace: own, name: 'gwh-keyring-0' }),
    ...each('create list watch', { resource: 'configmaps', namespace: own }),
    ...each('update delete', { resource: 'configmaps', namespace: own, name: 'gwh-receiver-reports-0' }),
    ...each('get patch', { resource: 'configmaps', namespace: own, name: 'gwh-receiver-reports-16' }),
    ...each('get patch', { resource: 'configmaps', namespace: own, name: 'gwh-installation' }),
    ...each('get patch delete', { resource: 'configmaps', namespace: own, name: 'gwh-pause' }),
    ...each('get list', { resource: 'pods', namespace: own }),
    ...each('get', { resource: 'services', namespace: 'team' }),
    ...each('get', { ...slices, namespace: 'team', name: 'worker' }),
    ...each('list watch', { ...slices, namespace: 'default' }),
    ...each('create', { resource: 'serviceaccounts', subresource: 'token', namespace: own, name: 'gwh-controller' }),
  ],
}

const controller = {
  may: [
    ...each('get list watch patch', gwh),
    ...each('update', { ...gwh, subresource: 'status' }),
    ...each('list watch', routes),
    ...each('update', { ...routes, subresource: 'status' }),
    ...each('get list watch create update patch delete', { resource: 'secrets', namespace: 'team' }),
    ...each('get list watch', { resource: 'services', namespace: 'team' }),
    ...each('list watch', { ...slices, namespace: 'team' }),
    ...each('get', { resource: 'namespaces', name: 'team' }),
    ...each('list watch', { resource: 'namespaces' }),
    ...each('get list watch create patch', { resource: 'configmaps', namespace: own }),
    ...each('delete', { resource: 'configmaps', namespace: own, name: 'gwh-receiver-reports' }),
    ...each('delete', { resource: 'configmaps', namespace: own, name: 'gwh-receiver-reports-15' }),
    ...each('get create update', leases),
    ...each('create patch', events),
  ],
  mayNot: [
    ...each('create update delete', gwh),
    ...each('get create update patch delete', routes),
    ...each('deletecollection', { resource: 'secrets', namespace: 'team' }),
    ...each('create update patch delete', { resource: 'services', namespace: 'team' }),
    ...each('get create update patch delete', { ...slices, namespace: 'team' }),
    ...each('get create update', { resource: 'configmaps', namespace: 'team' }),
    ...each('delete', { resource: 'configmaps', namespace: own, name: 'gwh-installation' }),
    ...each('get create update', { ...leases, namespace: 'team' }),
    ...each('create update patch delete', { resource: 'namespaces', name: 'team' }),
    ...each('get list create', { resource: 'pods', namespace: 'team' }),
    ...each('create', { resource: 'pods', subresource: 'exec', namespace: 'team' }),
    ...each('get bind escalate', { group: 'rbac.authorization.k8s.io', resource: 'clusterroles' }),
    ...each('impersonate', { resource: 'users' }),
  ],
}

/** What a person has who is bound to the roles for people in the namespace of one team, and to no others. */
const tenant = {
  may: [
    ...each('get list watch create update patch delete deletecollection', routes),
    ...each('get list watch create update patch delete deletecollection', gwh),
  ],
  mayNot: [
    ...each('update patch', { ...routes, subresource: 'status' }),
    ...each('update patch', { ...gwh, subresource: 'status' }),
    ...each('get list watch create update patch delete', { ...routes, namespace: 'other-team' }),
    ...each('get list watch create update patch delete', { ...gwh, namespace: 'ml-platform' }),
    ...each('list watch', { group: gwh.group, resource: 'geminiroutes' }),
    ...each('get list watch', { resource: 'secrets', namespace: 'team' }),
    ...each('get', { resource: 'secrets', namespace: 'ml-platform', name: 'gemini-api-key' }),
    ...each('get list', { resource: 'secrets', namespace: own, name: 'gwh-keyring-0' }),
    ...each('create', { resource: 'configmaps', namespace: own }),
    ...each('get patch delete', { resource: 'configmaps', namespace: own, name: 'gwh-pause' }),
    ...each('update patch', { resource: 'namespaces', name: 'team' }),
  ],
}

/** The user and groups that a ServiceAccount of ours has. */
const accountOf = (name: string): User => ({
  user: `system:serviceaccount:${own}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${own}`, 'system:authenticated'],
})

await withRealApiServer('the roles that ship', (server) => {
  before(async () => {
    const applied = await server().kubectl(['apply', '-f', 'deploy/namespace.yaml', '-f', 'deploy/rbac'])
    assert.equal(applied.code, 0, applied.stderr)
    await server().kubectl(['create', 'namespace', 'team'])
    for (const role of ['gwh-view', 'gwh-edit']) {
      const bind = ['create', 'rolebinding', role, `--clusterrole=${role}`, '--user=tenant', '--namespace=team']
      const bound = await server().kubectl(bind)
      assert.equal(bound.code, 0, bound.stderr)
    }
  })

  async function isAllowed(user: User, ask: Ask): Promise<boolean> {
    const answer = await server().call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { ...user, resourceAttributes: ask },
    })
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    return (answer.body as { status: { allowed: boolean } }).status.allowed
  }

  async function wrongAnswers(user: User, asks: readonly Ask[], expected: boolean): Promise<string[]> {
    const answers = await Promise.all(asks.map(async (ask) => ({ ask, allowed: await isAllowed(user, ask) })))
    return answers.filter(({ allowed }) => allowed !== expected).map(({ ask }) => JSON.stringify(ask))
  }

  for (const [name, user, { may, mayNot }] of [
    ['gwh-receiver', accountOf('gwh-receiver'), receiver],
    ['gwh-controller', accountOf('gwh-controller'), controller],
    ['a member of one team', { user: 'tenant', groups: ['system:authenticated'] }, tenant],
  ] as const) {
    test(`${name} may do the ${may.length} things that it does`, async () => {
      assert.deepEqual(await wrongAnswers(user, may, true), [])
    })
    test(`${name} may do none of ${mayNot.length} things that it does not`, async () => {
      assert.deepEqual(await wrongAnswers(user, mayNot, false), [])
    })
  }
})
