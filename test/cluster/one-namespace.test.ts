import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { stringify } from 'yaml'

import { clusterIn, type OperatorAccess } from '../../src/cli/operator-access.ts'
import { systemClock } from '../../src/clock.ts'
import { markerOf } from '../../src/controller/facts/ownership.ts'
import type { RemoteWebhook } from '../../src/gemini/webhook-service.ts'
import { gwhCommand } from '../support/processes/gwh-command.ts'
import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'

const deps = { clock: systemClock, random: () => 0.5, version: '1.2.3' }
const cluster = clusterIn(deps)
const remotes: RemoteWebhook[] = [
  { id: 'held', name: 'mine', uri: 'https://a.example.com/', subscribedEvents: ['batch.failed'], state: 'enabled' },
  { id: 'loose', name: 'by hand', uri: 'https://b.example.com/', subscribedEvents: ['batch.failed'], state: 'enabled' },
  {
    id: 'foreign',
    name: `${markerOf('elsewhere', { namespace: 'a', name: 'b' })} theirs`,
    uri: 'https://c.example.com/',
    subscribedEvents: ['batch.failed'],
    state: 'enabled',
  },
] as unknown as RemoteWebhook[]

await withRealApiServer('a user with the shipped roles in one namespace', (server) => {
  before(async () => {
    await applyCrds(server())
    const roles = await server().kubectl(['apply', '-f', 'deploy/namespace.yaml', '-f', 'deploy/rbac'])
    assert.equal(roles.code, 0, roles.stderr)
    for (const args of [
      ['create', 'namespace', 'team'],
      ['create', 'namespace', 'other'],
      ['-n', 'team', 'create', 'serviceaccount', 'somebody'],
      ['-n', 'team', 'create', 'rolebinding', 'view', '--clusterrole=gwh-view', '--serviceaccount=team:somebody'],
      ['-n', 'team', 'create', 'rolebinding', 'edit', '--clusterrole=gwh-edit', '--serviceaccount=team:somebody'],
      ['-n', 'team', 'create', 'role', 'keys', '--verb=get', '--resource=secrets'],
      ['-n', 'team', 'create', 'rolebinding', 'keys', '--role=keys', '--serviceaccount=team:somebody'],
      ['-n', 'team', 'create', 'secret', 'generic', 'gemini', '--from-literal=api-key=AIza-test'],
    ]) {
      const made = await server().kubectl(args)
      assert.equal(made.code, 0, made.stderr)
    }
    for (const namespace of ['team', 'other']) {
      const created = await server().call(
        'POST',
        `/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/${namespace}/geminiwebhooks`,
        {
          apiVersion: 'webhooks.gemini-operator.io/v1alpha1',
          kind: 'GeminiWebhook',
          metadata: { name: 'batch-events', namespace },
          spec: {
            apiKeySecretRef: { name: 'gemini' },
            events: ['batch.failed'],
            externalID: namespace === 'team' ? 'held' : 'elsewhere',
            adoptionPolicy: 'AdoptOnly',
          },
        },
      )
      assert.equal(created.status, 201, JSON.stringify(created.body))
    }
  })

  /** The commands as that user runs them, with `namespace` in the kubeconfig's context. */
  async function asSomebody(t: { after: (fn: () => Promise<void>) => void }, namespace?: string) {
    const folder = await mkdtemp(join(tmpdir(), 'gwh-one-namespace-'))
    t.after(() => rm(folder, { recursive: true }))
    const token = await server().kubectl(['-n', 'team', 'create', 'token', 'somebody'])
    assert.equal(token.code, 0, token.stderr)
    const config = await server().kubectl(['config', 'view', '--raw', '-o', 'json'])
    const { clusters } = JSON.parse(config.stdout) as { clusters: { name: string }[] }
    const context = { cluster: clusters[0]?.name, user: 'somebody', ...(namespace !== undefined && { namespace }) }
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(
      kubeconfig,
      stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters,
        users: [{ name: 'somebody', user: { token: token.stdout.trim() } }],
        contexts: [{ name: 'x', context }],
        'current-context': 'x',
      }),
    )
    const operator = async () => {
      const client = await clusterIn(deps)({ kubeconfig })
      const service = { list: async () => remotes }
      return { client, openService: async () => service, close: () => client.close() } as unknown as OperatorAccess
    }
    // What means the operator's namespace to other commands must not narrow this one.
    return gwhCommand(
      { cluster, operator },
      { GWH_KUBECONFIG: kubeconfig, GWH_OPERATOR_NAMESPACE: 'gemini-webhook-system' },
    )
  }

  test("gwh status shows the objects of the context's namespace, and says that these are not all", async (t) => {
    const gwh = await asSomebody(t, 'team')
    for (const [flags, said] of [
      [[], /^gwh status: in namespace team only; -A is for all namespaces/],
      [['-A'], /may not be listed: these are those of namespace team\n$/],
    ] as const) {
      const { code, out, err } = await gwh('status', ...flags)
      assert.match(out, /^OBJECT .*\nteam\/batch-events +Unknown +controller +no controller has looked at this object/)
      assert.doesNotMatch(out, /other/)
      assert.equal(code, 1)
      assert.match(err, said)
    }
  })

  test('a name alone is in the namespace of the context, or in that of -n', async (t) => {
    const [inTeam, nowhere] = [await asSomebody(t, 'team'), await asSomebody(t)]
    assert.match((await inTeam('status', 'batch-events', '--no-probe')).out, /^LINK +STATE/)
    assert.match((await nowhere('status', 'batch-events', '-nteam', '--no-probe')).out, /^LINK +STATE/)
    const contradiction = await inTeam('status', 'team/batch-events', '-n', 'other')
    assert.deepEqual([contradiction.code, contradiction.out], [1, ''])
    assert.match(contradiction.err, /is in namespace team, and --namespace says other/)
  })

  test('gwh status --as shows what that user may see, to those who may impersonate it', async (t) => {
    const gwh = await asSomebody(t, 'team')
    const refused = await gwh('status', '--as=root')
    assert.equal(refused.code, 1)
    assert.match(refused.err, /403.*cannot impersonate/)
  })

  test('gwh status -n shows those of that namespace', async (t) => {
    const gwh = await asSomebody(t)
    for (const flags of [['-n', 'team'], ['--namespace=team']]) {
      const { out, err } = await gwh('status', ...flags, '-o', 'json')
      const { objects } = JSON.parse(out) as { objects: { object: string }[] }
      assert.deepEqual([objects.map(({ object }) => object), err], [['team/batch-events'], ''])
    }
    const foreign = await gwh('status', '-n', 'other')
    assert.equal(foreign.code, 1)
    assert.match(foreign.err, /403/)
    const homeless = await gwh('status')
    assert.deepEqual([homeless.code, homeless.out], [1, ''])
    assert.match(homeless.err, /namespace default|"default"/)
  })

  test('gwh status NAMESPACE/NAME works as ever', async (t) => {
    const gwh = await asSomebody(t)
    assert.match((await gwh('status', 'team/batch-events', '--no-probe')).out, /^LINK +STATE/)
  })

  test('gwh import prints what nobody can have, and leaves out what may be an object elsewhere', async (t) => {
    const gwh = await asSomebody(t)
    const { code, out, err } = await gwh('import', 'team/gemini', '-o', 'json')
    const { items } = JSON.parse(out) as { items: { spec: { externalID: string } }[] }
    assert.deepEqual(
      items.map(({ spec }) => spec.externalID),
      ['loose'],
    )
    assert.equal(code, 3)
    assert.match(err, /those of namespace team\n/)
    assert.match(err, /foreign: carries the marker of an object that may be in a namespace you cannot list/)
  })

  test('gwh doctor says that it can judge next to nothing, and is not content', async (t) => {
    const gwh = await asSomebody(t, 'team')
    const { code, out } = await gwh('doctor', '-o', 'json')
    const { broken, unjudged, chain } = JSON.parse(out) as {
      broken?: string
      unjudged: string[]
      chain: { name: string; state: string; says: string }[]
    }
    // The objects of the team are seen, and no controller runs here.
    assert.equal(broken, 'objects')
    assert.match(chain.find(({ name }) => name === 'objects')?.says ?? '', /team\/batch-events/)
    assert.equal(chain.find(({ name }) => name === 'CRD')?.state, 'Good')
    assert.deepEqual(unjudged, [
      'installation',
      'controllers',
      'leader',
      'pause',
      'receivers',
      'versions',
      'inboxes',
      'orphans',
      'routes',
    ])
    assert.equal(code, 1)
  })
})
