import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { stringify } from 'yaml'

import { apiVersion, kindName } from '../../src/api/kind.ts'
import { finalizer } from '../../src/api/names.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { startSampleWorker, type SampleWorker } from '../../playground/sample-worker.ts'
import {
  createWebhookServiceSimulator,
  type WebhookServiceSimulator,
} from '../../playground/webhook-service/simulator.ts'
import { findControlPlane } from '../control-plane/find-control-plane.ts'
import { startControlPlane, type RunningControlPlane } from '../control-plane/start-control-plane.ts'
import { eventually } from '../support/measures/eventually.ts'
import { blocksOf, makeCheckout, type Checkout } from '../support/measures/page-commands.ts'
import { recordSecret } from '../support/measures/run-record.ts'
import type { GwhProcess } from '../support/processes/gwh-process.ts'
import { startControllerProcess, startReceiverProcess } from '../support/processes/operator-processes.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'

const name = 'batch-events'
const project = 'project'
const files = ['objects.json', 'secrets.json', 'installation.json']
/** What a busy machine needs; nothing waits for it. */
const patience = { timeoutMs: 120_000, intervalMs: 500 }

const pageBlocks = blocksOf('docs/backup.md').filter(({ language }) => language === 'sh')
/** The commands of the page below a heading; those of `gwh` and of `scale` are for a cluster with pods. */
const commandsBelow = (heading: string) =>
  pageBlocks
    .filter(({ headings, text }) => headings.at(-1) === heading && !/^gwh | scale /m.test(text))
    .map(({ text }) => text)

const webhookOf = (metadata: object, sinks: object[]) =>
  stringify({
    apiVersion,
    kind: kindName,
    metadata,
    spec: { apiKeySecretRef: { name: 'gemini-api-key' }, events: ['batch.succeeded'], sinks },
  })

async function kubectl(cluster: RunningControlPlane, args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? {} : { input })
  assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** What an installation of the chart brings, and what comes from Git and from the secret store. */
async function install(cluster: RunningControlPlane, apiKey: string): Promise<void> {
  await kubectl(cluster, ['apply', '-f', 'crds', '-f', 'deploy/namespace.yaml', '-f', 'deploy/rbac'])
  await kubectl(cluster, ['create', 'namespace', 'ml'])
  const literal = `--from-literal=api-key=${apiKey}`
  await kubectl(cluster, ['create', 'secret', 'generic', 'gemini-api-key', '-n', 'ml', literal])
}

const secretOf = (cluster: RunningControlPlane) =>
  kubectl(cluster, ['get', 'secret', `${name}-signing-secret`, '-n', 'ml', '-o', 'jsonpath={.data.signing-secret}'])

const has = (worker: SampleWorker, job: string) => () => worker.events.some(({ subject }) => subject === job)

const title = 'a backup, restored into another cluster'
const hasJq = spawnSync('jq', ['--version']).status === 0
if (!hasJq && process.env['GWH_REQUIRE_CONTROL_PLANE'] !== '1')
  test(title, { skip: 'no jq on PATH, which the commands of the page need' }, () => {})
else await withRealApiServer(title, suite)

function suite(server: () => RunningControlPlane): void {
  const leftovers: (() => unknown)[] = []
  let folder = ''
  let rebuilt: RunningControlPlane
  let simulator: WebhookServiceSimulator
  let googleUrl = ''
  let worker: SampleWorker
  /** A sink that is away when the backup is made, so that something waits for it. */
  let archive: SampleWorker
  let shell: Checkout
  let newShell: Checkout
  let receiver: GwhProcess
  let controller: GwhProcess
  let webhookId = ''
  let secretBefore = ''

  after(async () => {
    for (const end of leftovers.toReversed()) await end()
  })

  function shellOf({ kubeconfigPath, kubectlPath }: RunningControlPlane): Checkout {
    const checkout = makeCheckout({ kubeconfigPath, programs: { kubectl: kubectlPath }, env: {} })
    leftovers.push(() => checkout.remove())
    return checkout
  }

  async function startReceiver(cluster: RunningControlPlane, what: string): Promise<void> {
    receiver = await startReceiverProcess(cluster, { folder, googleUrl, name: `backup-${what}` })
    const started = receiver
    leftovers.push(() => started.kill())
    const { port } = await receiver.logged('receiver.started')
    simulator.admin.setConnectTo({ 'hooks.example.com': `http://127.0.0.1:${String(port)}` })
  }

  async function startController(cluster: RunningControlPlane, what: string): Promise<void> {
    const controllerFlags = ['--confirm-interval=200ms', '--resync-interval=2s', '--receiver-seen-wait=100ms']
    controller = await startControllerProcess(cluster, { folder, googleUrl, name: `backup-${what}`, controllerFlags })
    const started = controller
    leftovers.push(() => started.kill())
    await controller.logged('controller.leading')
  }

  async function untilCondition(cluster: RunningControlPlane, type: string, want: RegExp): Promise<void> {
    const path = `jsonpath={.status.conditions[?(@.type=="${type}")]}`
    const isThere = async () => want.test(await kubectl(cluster, ['get', `gwh/${name}`, '-n', 'ml', '-o', path]))
    await eventually(`${type} is ${want.source}`, isThere, patience).catch(async (cause: unknown) => {
      const state = await kubectl(cluster, ['get', 'gwh', '-n', 'ml', '-o', 'yaml'])
      throw new Error(`${state}\n${controller.describe()}\n${receiver.describe()}`, { cause })
    })
  }

  function manifest(): string {
    const delivery = { backoffDelay: '1s', backoffMax: '1s' }
    const sinks = [
      { name: 'worker', uri: `http://127.0.0.1:${worker.port}/events` },
      { name: 'archive', uri: `http://127.0.0.1:${archive.port}/events`, delivery },
    ]
    return webhookOf({ name, namespace: 'ml' }, sinks)
  }

  const emit = (job: string) => simulator.admin.emit({ project, type: 'batch.succeeded', data: { id: job } })
  before(async () => {
    const binaries = await findControlPlane()
    assert.ok(binaries)
    rebuilt = await startControlPlane(binaries)
    leftovers.push(() => rebuilt.stop())
    folder = await mkdtemp(join(tmpdir(), 'gwh-backup-'))
    leftovers.push(() => rm(folder, { recursive: true, force: true }))
    worker = await startSampleWorker({ host: '127.0.0.1', port: 0 })
    archive = await startSampleWorker({ host: '127.0.0.1', port: 0 })
    archive.refuseWith(503)
    simulator = createWebhookServiceSimulator({ clock: systemClock, random: Math.random, logger: silentLogger })
    leftovers.push(
      () => worker.close(),
      () => archive.close(),
      () => simulator.close(),
    )
    googleUrl = (await simulator.listen({ port: 0 })).url
    simulator.admin.createProject(project)
    const apiKey = simulator.admin.createApiKey(project)
    recordSecret(apiKey)
    for (const cluster of [server(), rebuilt]) await install(cluster, apiKey)
    shell = shellOf(server())
    newShell = shellOf(rebuilt)
  })

  test('the commands of the page keep what belongs to the objects, and nothing of the cluster of today', async () => {
    await startController(server(), 'former')
    await startReceiver(server(), 'former')
    await kubectl(server(), ['apply', '-f', '-'], manifest())
    await untilCondition(server(), 'Ready', /"status":"True"/)
    const [webhook] = simulator.admin.webhooks()
    webhookId = webhook?.id ?? ''
    for (const { secret } of webhook?.secrets ?? []) recordSecret(secret)
    emit('batches/waits')
    await eventually('the worker has it', has(worker, 'batches/waits'), patience)

    for (const block of commandsBelow('Back up')) shell.run(block)
    secretBefore = await secretOf(server())
    for (const role of [controller, receiver]) assert.equal(await role.terminate(), 0, role.describe())
    for (const file of files) {
      const text = shell.read(file)
      for (const left of ['"uid"', '"resourceVersion": "[0-9]', '"status"', '"finalizers"', '"ownerReferences"'])
        assert.doesNotMatch(text, new RegExp(left), file)
      newShell.write(file, text)
    }
    assert.match(
      shell.read('secrets.json'),
      /gwh-keyring-[\s\S]*batch-events-signing-secret|batch-events-signing-secret[\s\S]*gwh-keyring-/,
    )
  })

  test('a backup that leaves nothing out is refused by --server-side, and spoils what is applied after it otherwise', async () => {
    const get = ['get', 'geminiwebhooks', '--all-namespaces', '-o', 'yaml']
    const text = (await kubectl(server(), get)).replaceAll(name, 'pitfall')
    const withManagers = (await kubectl(server(), [...get, '--show-managed-fields'])).replaceAll(name, 'pitfall')
    const fromGit = webhookOf({ name: 'pitfall', namespace: 'ml' }, [])
    const finalizers = () =>
      kubectl(rebuilt, ['get', 'gwh/pitfall', '-n', 'ml', '-o', 'jsonpath={.metadata.finalizers}'])
    const remove = async () => {
      const none = '--patch={"metadata":{"finalizers":null}}'
      await kubectl(rebuilt, ['patch', 'gwh/pitfall', '-n', 'ml', '--type=merge', none])
      await kubectl(rebuilt, ['delete', 'gwh/pitfall', '-n', 'ml'])
    }
    for (const [input, refusal] of [
      [text, /uid mismatch/],
      [withManagers, /metadata\.managedFields must be nil/],
    ] as const) {
      const { code, stderr } = await rebuilt.kubectl(['apply', '--server-side', '-f', '-'], { input })
      assert.equal(code, 1)
      assert.match(stderr, refusal)
    }

    for (const way of ['apply', 'create']) {
      await kubectl(rebuilt, [way, '-f', '-'], text)
      const next = await rebuilt.kubectl(['apply', '-f', '-'], { input: fromGit })
      assert.match(next.stderr, /metadata\.resourceVersion: Invalid value: 0: must be specified for an update/, way)
      await remove()
    }

    const withoutUid = text.replaceAll(/^ +(uid|resourceVersion): .*\n/gm, '')
    await kubectl(rebuilt, ['apply', '--server-side', '-f', '-'], withoutUid)
    assert.match(await finalizers(), new RegExp(finalizer))
    await kubectl(rebuilt, ['apply', '-f', '-'], fromGit)
    assert.equal(await finalizers(), '', 'the apply from Git has taken the finalizer away')
    await remove()
  })

  test('with the keyring and the inbox, receivers alone take and deliver what comes and what waits', async () => {
    const [secrets = ''] = commandsBelow('Restore into a new cluster')
    newShell.run(secrets)
    await startReceiver(rebuilt, 'rebuilt')
    archive.refuseWith(undefined)
    emit('batches/without-controller')
    await eventually('the worker has it', has(worker, 'batches/without-controller'), patience)
    await eventually('the archive has what waited', has(archive, 'batches/waits'), patience)
    archive.refuseWith(503)
    emit('batches/too-late')
    await eventually('the worker has it', has(worker, 'batches/too-late'), patience)
  })

  test('a controller changes nothing at Google until a person has confirmed the restore', async () => {
    const [, objects = ''] = commandsBelow('Restore into a new cluster')
    newShell.run(objects)
    const before = simulator.admin.calls().counts
    await startController(rebuilt, 'rebuilt')
    await untilCondition(rebuilt, 'Stalled', /InstallationUnconfirmed/)
    const { counts } = simulator.admin.calls()
    for (const verb of ['create', 'update', 'delete', 'ping', 'rotateSigningSecret'] as const)
      assert.equal(counts[verb].received, before[verb].received, verb)
  })

  test('confirmed, each object has its webhook and its secret again: nothing is registered or rotated', async () => {
    const [, , confirm = ''] = commandsBelow('Restore into a new cluster')
    newShell.run(confirm)
    await untilCondition(rebuilt, 'Ready', /"status":"True"/)
    assert.deepEqual(
      simulator.admin.webhooks().map(({ id }) => id),
      [webhookId],
    )
    const { counts } = simulator.admin.calls()
    assert.deepEqual([counts.create.received, counts.rotateSigningSecret.received], [1, 0])
    assert.equal(await secretOf(rebuilt), secretBefore)
    emit('batches/after')
    await eventually('the worker has it', has(worker, 'batches/after'), patience)
  })

  test('what waited for an object with its former uid ends as a dead letter, and is not lost', async () => {
    const ended = await eventually(
      'it is given up',
      () => receiver.lines.find((line) => line['message'] === 'delivery.settled' && line['reason'] === 'OwnerGone'),
      patience,
    )
    assert.equal(ended['sink'], 'archive')
  })

  test('what is applied from Git afterwards finds nothing in its way, under the name that the page says', async () => {
    const fromGit = manifest()
    await kubectl(rebuilt, ['apply', '-f', '-'], fromGit)
    const metadata = await kubectl(rebuilt, ['get', `gwh/${name}`, '-n', 'ml', '-o', 'jsonpath={.metadata}'])
    assert.match(metadata, new RegExp(finalizer))
    const other = ['apply', '--server-side', '--dry-run=server', '--field-manager=argocd-controller', '-f', '-']
    await kubectl(rebuilt, other, fromGit)
    const changed = fromGit.replace('gemini-api-key', 'another-key')
    const { code, stderr } = await rebuilt.kubectl(other, { input: changed })
    assert.equal(code, 1)
    assert.match(stderr, /conflict with "kubectl/)
    for (const role of [controller, receiver]) assert.equal(await role.terminate(), 0, role.describe())
  })
}
