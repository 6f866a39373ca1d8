import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compareRolesWithCalls, type AuditEvent, type Manifest } from '../../../tools/roles-and-calls.ts'

const account = 'system:serviceaccount:home:gwh'
const subjects = [{ kind: 'ServiceAccount', name: 'gwh', namespace: 'home' }]
const manifests: Manifest[] = [
  {
    kind: 'ClusterRole',
    metadata: { name: 'gwh' },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }],
  },
  { kind: 'ClusterRoleBinding', metadata: { name: 'gwh' }, roleRef: { kind: 'ClusterRole', name: 'gwh' }, subjects },
  {
    kind: 'Role',
    metadata: { name: 'gwh', namespace: 'home' },
    rules: [{ apiGroups: ['apps'], resources: ['things/status'], resourceNames: ['one'], verbs: ['update'] }],
  },
  {
    kind: 'RoleBinding',
    metadata: { name: 'gwh', namespace: 'home' },
    roleRef: { kind: 'Role', name: 'gwh' },
    subjects,
  },
]
const call = (verb: string, objectRef: AuditEvent['objectRef'], code = 200, username = account): AuditEvent => ({
  stage: 'ResponseComplete',
  verb,
  user: { username },
  ...(objectRef !== undefined && { objectRef }),
  responseStatus: { code },
})
const thing = { apiGroup: 'apps', resource: 'things', subresource: 'status', namespace: 'home', name: 'one' }
const used = (events: AuditEvent[]) => compareRolesWithCalls(manifests, events).rights.map(({ calls }) => calls)

test('each right is told with how often it was used', () => {
  const secret = { resource: 'secrets', namespace: 'team', name: 'a' }
  assert.deepEqual(used([call('get', secret), call('get', secret), call('update', thing)]), [2, 0, 1])
})

test('a call of somebody else, of another name, namespace or subresource uses no right', () => {
  const { subresource: _, ...whole } = thing
  assert.deepEqual(
    used([
      call('get', { resource: 'secrets' }, 200, 'system:serviceaccount:home:other'),
      call('update', { ...thing, name: 'two' }),
      call('update', { ...thing, namespace: 'team' }),
      call('update', whole),
    ]),
    [0, 0, 0],
  )
})

test('refused calls are told, once for each kind, with their number', () => {
  const { refused } = compareRolesWithCalls(manifests, [
    call('delete', { resource: 'secrets', namespace: 'team' }, 403),
    call('delete', { resource: 'secrets', namespace: 'team' }, 403),
    call('get', { resource: 'secrets', namespace: 'team' }, 404),
  ])
  assert.deepEqual(refused, [{ account, call: 'delete secrets in team', times: 2 }])
})

test('a call that a role allows and that was refused neither uses the right nor is one too few', () => {
  const calls = [call('update', thing, 403)]
  assert.deepEqual(used(calls), [0, 0, 0])
  assert.deepEqual(compareRolesWithCalls(manifests, calls).refused, [])
})

test('a binding without its role is an error, not a role without rights', () => {
  assert.throws(() => compareRolesWithCalls(manifests.slice(1), []), /no ClusterRole gwh here/)
})
