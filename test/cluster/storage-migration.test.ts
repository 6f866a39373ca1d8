import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'

import { stringify } from 'yaml'

import { createWebhookServiceSimulator } from '../../playground/webhook-service/simulator.ts'
import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { allCrds } from '../../src/api/crd.ts'
import { apiGroup, apiVersion, kindName, pluralName, routeKindName, routePluralName } from '../../src/api/kind.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { crdPaths } from '../../tools/generate-crds.ts'
import { eventually } from '../support/measures/eventually.ts'
import { blocksOf, makeCheckout, type Checkout } from '../support/measures/page-commands.ts'
import { recordSecret } from '../support/measures/run-record.ts'
import type { GwhProcess } from '../support/processes/gwh-process.ts'
import { startOperatorProcesses } from '../support/processes/operator-processes.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'
import { startEndpoint } from '../support/worlds/simulator.ts'

const next = 'v1beta1'
const page = 'docs/upgrading.md'
const plurals = [pluralName, routePluralName]

type Crd = ReturnType<typeof allCrds>[number]

interface Versions {
  served: readonly string[]
  stored: string
  /** In the CRD and not served. */
  ended?: readonly string[]
}

/** The CRD of a release with these versions of one schema. */
function withVersions(crd: Crd, { served, stored, ended = [] }: Versions): object {
  const [today] = crd.spec.versions
  assert.ok(today)
  const versions = [...served, ...ended].map((name) =>
    Object.assign({}, today, { name, served: served.includes(name), storage: name === stored }),
  )
  return { ...crd, spec: { ...crd.spec, versions } }
}

/** The block of the page below the heading, which an operator pastes. */
function blockBelow(heading: string): string {
  const found = blocksOf(page).filter(({ headings, language }) => language === 'sh' && headings.at(-1) === heading)
  assert.equal(found.length, 1, `${page} has one block of commands below "${heading}"`)
  return found[0]?.text ?? ''
}

await withRealApiServer('an API version beside the one of today, on a real API server', (server) => {
  const leftovers: (() => unknown)[] = []
  const simulator = createWebhookServiceSimulator({ clock: systemClock, random: Math.random, logger: silentLogger })
  const { admin } = simulator
  let manifests = ''
  let checkout: Checkout | undefined
  let received: { headers: Record<string, unknown> }[] = []
  let roles: { controller: GwhProcess; receiver: GwhProcess } | undefined
  let atGoogle = {}
  after(async () => {
    for (const end of leftovers.toReversed()) await end()
  })

  async function kubectl(args: readonly string[], input?: string): Promise<string> {
    const options = input === undefined ? {} : { input }
    const { code, stdout, stderr } = await server().kubectl([...args], options)
    assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}${stdout}`)
    return stdout
  }

  const changes = () => {
    const { counts } = admin.calls()
    return Object.fromEntries(
      (['create', 'update', 'delete', 'rotateSigningSecret'] as const).map((verb) => [verb, counts[verb].received]),
    )
  }

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gwh-migration-'))
    leftovers.push(() => rm(folder, { recursive: true, force: true }))
    leftovers.push(() => simulator.close())
    const worker = await startEndpoint({ after: (close) => leftovers.push(close as () => void) })
    received = worker.received
    const { url: googleUrl } = await simulator.listen({ port: 0 })
    admin.createProject('project')
    const apiKey = admin.createApiKey('project')
    recordSecret(apiKey)
    await kubectl(['apply', '--server-side', '-f', 'crds', '-f', 'deploy/namespace.yaml', '-f', 'deploy/rbac'])
    for (const namespace of ['ml', 'team']) await kubectl(['create', 'namespace', namespace])
    await kubectl(['create', 'secret', 'generic', 'gemini-api-key', '-n', 'ml', `--from-literal=api-key=${apiKey}`])
    const flags = ['--confirm-interval=200ms', '--receiver-seen-wait=100ms']
    const place = { folder, googleUrl, name: 'migration', controllerFlags: flags }
    const { controller, receiver } = (roles = await startOperatorProcesses(server(), place))
    leftovers.push(
      () => controller.kill(),
      () => receiver.kill(),
    )
    const { port } = await receiver.logged('receiver.started')
    admin.setConnectTo({ 'hooks.example.com': `http://127.0.0.1:${String(port)}` })
    checkout = makeCheckout({
      kubeconfigPath: server().kubeconfigPath,
      programs: { kubectl: server().kubectlPath },
      env: {},
    })
    leftovers.push(() => checkout?.remove())

    const sinks = [{ name: 'worker', uri: `${worker.origin}/events` }]
    const apiKeySecretRef = { name: 'gemini-api-key' }
    manifests = [
      {
        kind: kindName,
        metadata: { name: 'batches', namespace: 'ml' },
        spec: { apiKeySecretRef, events: ['batch.succeeded'], sinks, allowedRoutes: { namespaces: { from: 'All' } } },
      },
      {
        kind: kindName,
        metadata: { name: 'videos', namespace: 'ml' },
        spec: { apiKeySecretRef, events: ['video.generated'], rotation: { interval: '720h' } },
      },
      {
        kind: routeKindName,
        metadata: { name: 'nightly', namespace: 'team' },
        spec: {
          webhookRef: { namespace: 'ml', name: 'batches' },
          sinks: [{ name: 'own', uri: `${worker.origin}/team` }],
        },
      },
    ]
      .map((object) => stringify({ apiVersion, ...object }))
      .join('---\n')
    await kubectl(['apply', '-f', '-'], manifests)
    await untilReady()
    for (const { secrets } of admin.webhooks()) for (const { secret } of secrets) recordSecret(secret)
    atGoogle = changes()
  })

  async function untilReady(): Promise<void> {
    for (const [namespace, object] of [
      // Of the version by name: kubectl remembers for minutes which one the API server prefers.
      ['ml', `${pluralName}.v1alpha1.${apiGroup}/batches`],
      ['ml', `${pluralName}.v1alpha1.${apiGroup}/videos`],
      ['team', `${routePluralName}.v1alpha1.${apiGroup}/nightly`],
    ] as const)
      await kubectl(['wait', '-n', namespace, object, '--for=condition=Ready', '--timeout=60s']).catch(
        async (error: unknown) => {
          throw new Error(`${await kubectl(['get', '-A', 'gemini', '-o', 'yaml'])}\n${roles?.controller.describe()}`, {
            cause: error,
          })
        },
      )
  }

  /** As the page says, and until the API server has noticed. */
  async function applyCrds(versions: Versions): Promise<void> {
    for (const [at, crd] of allCrds().entries())
      checkout?.write(`crds/${basename(crdPaths[at] ?? '')}`, stringify(withVersions(crd, versions)))
    checkout?.run(blockBelow('The definitions of the release'))
    for (const version of ['v1alpha1', next]) await untilServed(version, versions.served.includes(version))
  }

  /** One object: lists of what cannot be read wait for a minute before they fail. */
  const get = (version: string, path: string) =>
    server().kubectl(['get', '--raw', `/apis/${apiGroup}/${version}/namespaces/${path}`])

  const untilServed = (version: string, isServed: boolean) =>
    eventually(`${version}: ${isServed ? 'served' : 'not served'}`, async () => {
      const paths = [`ml/${pluralName}/batches`, `team/${routePluralName}/nightly`]
      const answers = await Promise.all(paths.map((path) => get(version, path)))
      return answers.every(({ stderr }) => stderr.includes('NotFound') !== isServed)
    })

  const list = (version: string, plural: string) =>
    server().kubectl(['get', '--raw', `/apis/${apiGroup}/${version}/${plural}`])

  async function specsOf(version: string): Promise<Record<string, unknown>> {
    const lists = await Promise.all(
      plurals.map(async (plural) => {
        const { code, stdout, stderr } = await list(version, plural)
        assert.equal(code, 0, stderr)
        const { items } = JSON.parse(stdout) as { items: Pick<GeminiWebhook, 'metadata' | 'spec' | 'status'>[] }
        return items
      }),
    )
    return Object.fromEntries(
      lists.flat().map(({ metadata, spec, status }) => [metadata.name, { uid: metadata.uid, spec, status }]),
    )
  }

  /** What a user, a GitOps tool and Google see: that nothing has happened. */
  async function expectUndisturbed(stage: string, version = 'v1alpha1'): Promise<void> {
    const asVersion = manifests.replaceAll(apiVersion, `${apiGroup}/${version}`)
    assert.equal(await kubectl(['diff', '-f', '-'], manifests), '', `${stage}: kubectl diff`)
    assert.doesNotMatch(await kubectl(['apply', '-f', '-'], manifests), /created|configured/, stage)
    const gitops = ['apply', '--server-side', '--field-manager=gitops', '--dry-run=server', '-f', '-']
    assert.equal((await kubectl(gitops, asVersion)).match(/serverside-applied/g)?.length, 3, stage)
    await untilReady()
    await expectDelivered(stage)
    assert.deepEqual(changes(), atGoogle, `${stage}: changed at Google`)
  }

  async function expectDelivered(stage: string): Promise<void> {
    const id = `batches/${stage.replaceAll(' ', '-')}`
    admin.emit({ project: 'project', type: 'batch.succeeded', data: { id } })
    const arrived = () => received.filter(({ headers }) => headers['ce-subject'] === id)
    await eventually(`${stage}: delivered to both`, () => arrived().length === 2)
    const sources = new Set(arrived().map(({ headers }) => headers['ce-source']))
    assert.deepEqual([...sources], [`/apis/${apiVersion}/namespaces/ml/${pluralName}/batches`], stage)
  }

  const storedVersions = () =>
    kubectl([
      'get',
      'crd',
      ...plurals.map((plural) => `${plural}.${apiGroup}`),
      '-o',
      'jsonpath={.items[*].status.storedVersions}',
    ])

  const both = ['v1alpha1', next]

  test('it is served beside it: the same objects under both', async () => {
    await expectUndisturbed('before')
    await applyCrds({ served: both, stored: 'v1alpha1' })
    assert.deepEqual(await specsOf(next), await specsOf('v1alpha1'))
    await expectUndisturbed('served beside it', next)
  })

  test('a version that is still stored cannot be removed, and one that was trimmed too early comes back with all', async () => {
    await applyCrds({ served: both, stored: next })
    await expectUndisturbed('stored from now on', next)
    await assert.rejects(applyCrds({ served: [next], stored: next }), /status\.storedVersions/)
    const was = await specsOf(next)
    await trim(`["${next}"]`)
    await applyCrds({ served: [next], stored: next })
    const { code, stderr } = await get(next, `ml/${pluralName}/batches`)
    assert.notEqual(code, 0)
    assert.match(stderr, /request to convert CR from an invalid group\/version/)
    await applyCrds({ served: both, stored: next })
    assert.deepEqual(Object.keys(await specsOf(next)), Object.keys(was))
    await expectUndisturbed('put back', next)
    await trim(`["v1alpha1","${next}"]`)
  })

  async function trim(versions: string): Promise<void> {
    for (const plural of plurals) {
      const patch = `{"status":{"storedVersions":${versions}}}`
      await kubectl(['patch', 'crd', `${plural}.${apiGroup}`, '--subresource=status', '--type=merge', '--patch', patch])
    }
  }

  test('all objects are rewritten and the list of stored versions is trimmed, as the page says', async () => {
    checkout?.run(blockBelow('Rewrite every object'))
    checkout?.run(blockBelow('Trim the stored versions'))
    assert.equal(await storedVersions(), `["${next}"] ["${next}"]`)
    await expectUndisturbed('rewritten', next)
  })

  test('nothing is stored in the former version any more: without it in the CRD, all objects can be read', async () => {
    const was = await specsOf('v1alpha1')
    await applyCrds({ served: [next], stored: next })
    assert.deepEqual(await specsOf(next), was)
    await applyCrds({ served: both, stored: next })
    await expectUndisturbed('in the CRD again', next)
  })

  test('while the former version is listed and not served, GitOps and deliveries go on, and a controller of today waits for it', async () => {
    await applyCrds({ served: [next], ended: ['v1alpha1'], stored: next })
    const asNext = manifests.replaceAll(apiVersion, `${apiGroup}/${next}`)
    const gitops = [
      'apply',
      '--server-side',
      '--force-conflicts',
      '--field-manager=gitops',
      '--dry-run=server',
      '-f',
      '-',
    ]
    assert.equal((await kubectl(gitops, asNext)).match(/serverside-applied/g)?.length, 3)
    await expectDelivered('not served')
    assert.deepEqual(changes(), atGoogle)

    await applyCrds({ served: both, stored: next })
    await expectUndisturbed('served again', next)
    const patch = ['patch', '-n', 'ml', `${pluralName}.${next}.${apiGroup}`, 'videos', '--type=merge']
    await kubectl([...patch, '--patch', '{"spec":{"displayName":"changed as v1beta1"}}'])
    await eventually('the controller of today carries a change out', () =>
      admin.webhooks().some(({ name }) => name?.includes('changed as v1beta1')),
    )
  })

  test('the way back is the same way', async () => {
    manifests = manifests.replace(/( +)(rotation:)/, '$1displayName: changed as v1beta1\n$1$2')
    await kubectl(['apply', '-f', '-'], manifests)
    atGoogle = changes()
    await applyCrds({ served: both, stored: 'v1alpha1' })
    checkout?.run(blockBelow('Rewrite every object'))
    checkout?.run(blockBelow('Trim the stored versions').replaceAll(next, 'v1alpha1'))
    await applyCrds({ served: ['v1alpha1'], ended: [next], stored: 'v1alpha1' })
    assert.equal(await storedVersions(), '["v1alpha1"] ["v1alpha1"]')
    await expectUndisturbed('back')
  })
})
