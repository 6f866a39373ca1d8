import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'

import { parse } from 'yaml'

import type { GeminiWebhook } from '../../src/api/gemini-webhook.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import {
  createWebhookServiceSimulator,
  type WebhookServiceSimulator,
} from '../../playground/webhook-service/simulator.ts'
import { eventually } from '../support/measures/eventually.ts'
import { argoHealthOf, canRunGo, fluxHealthOf } from '../support/measures/gitops-health.ts'
import { startOperatorProcesses } from '../support/processes/operator-processes.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'
import { recordSecret } from '../support/measures/run-record.ts'

const namespace = 'ml'
const project = 'project'
/** Of deploy/samples/adoption.yaml; Google gives out its ids itself. */
const placeholderId = 'wh0123'

interface Applied extends GeminiWebhook {
  metadata: Omit<GeminiWebhook['metadata'], 'managedFields'> & {
    managedFields: { manager: string; fieldsV1: Record<string, unknown> }[]
  }
}

const signingSecret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const partnerToken = 'token-of-the-partner'
const alertsUrl = 'https://alerts.example.com/hooks/path-of-the-alerts'
recordSecret(alertsUrl)

const has = (type: string, status: string) => (webhook: Applied) =>
  webhook.status?.conditions?.some((condition) => condition.type === type && condition.status === status) === true

/** The pass that makes an object Ready may be followed by one that finds nothing left to do. */
const isReadyAtRest = (webhook: Applied) => has('Ready', 'True')(webhook) && !has('Reconciling', 'True')(webhook)

const manifestOf = (name: string, key: string, rest: object = {}) =>
  JSON.stringify({
    apiVersion: 'webhooks.gemini-operator.io/v1alpha1',
    kind: 'GeminiWebhook',
    metadata: { name },
    spec: { apiKeySecretRef: { name: key }, events: ['batch.succeeded'], ...rest },
  })

await withRealApiServer('what is applied from Git, on a real API server with both programs at work', (server) => {
  const leftovers: (() => unknown)[] = []
  let simulator: WebhookServiceSimulator | undefined
  after(async () => {
    for (const end of leftovers.toReversed()) await end()
  })

  async function kubectl(args: readonly string[], input?: string): Promise<string> {
    const options = input === undefined ? {} : { input }
    const { code, stdout, stderr } = await server().kubectl([`--namespace=${namespace}`, ...args], options)
    assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}${stdout}`)
    return stdout
  }
  const get = async (name: string) =>
    JSON.parse(await kubectl(['get', 'gwh', name, '-o', 'json', '--show-managed-fields'])) as Applied
  const admin = () => {
    assert.ok(simulator)
    return simulator.admin
  }

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gwh-samples-'))
    leftovers.push(() => rm(folder, { recursive: true, force: true }))
    simulator = createWebhookServiceSimulator({ clock: systemClock, random: Math.random, logger: silentLogger })
    leftovers.push(() => simulator?.close())
    const { url: googleUrl } = await simulator.listen({ port: 0 })
    admin().createProject(project)
    const brokers = 'test/fixtures/crds/knative-brokers.yaml'
    const files = ['crds', brokers, 'deploy/namespace.yaml', 'deploy/rbac'].flatMap((path) => ['-f', path])
    const installed = await server().kubectl(['apply', ...files])
    assert.equal(installed.code, 0, installed.stderr)
    await kubectl(['create', 'namespace', namespace])
    await putApiKey('gemini-api-key', admin().createApiKey(project))
    await kubectl(['create', 'service', 'clusterip', 'batch-worker', '--tcp=80'])
    await kubectl(['create', 'service', 'clusterip', 'graveyard', '--tcp=80'])
    await kubectl(['create', 'service', 'clusterip', 'log-collector', '--tcp=80'])
    await kubectl(['create', 'namespace', 'knative-eventing'])
    await kubectl(['-n', 'knative-eventing', 'create', 'service', 'clusterip', 'broker-ingress', '--tcp=80'])
    await addBroker()
    const controllerFlags = [
      '--confirm-interval=200ms',
      '--receiver-seen-wait=100ms',
      '--addressable-kinds=eventing.knative.dev/v1/Broker=brokers',
      '--addressable-namespaces=knative-eventing',
      '--nats-sink-prefix=gwh.events',
      '--kafka-sink-prefix=gwh.events',
    ]
    const roles = await startOperatorProcesses(server(), { folder, googleUrl, name: 'samples', controllerFlags })
    leftovers.push(
      () => roles.controller.kill(),
      () => roles.receiver.kill(),
    )
    await roles.controller.logged('controller.leading')
    const { port } = await roles.receiver.logged('receiver.started')
    admin().setConnectTo({ 'hooks.example.com': `http://127.0.0.1:${String(port)}` })
  })

  /** A Broker with an address, and the right that the chart gives with `addressableKinds`. */
  async function addBroker(): Promise<void> {
    await kubectl(['create', 'clusterrole', 'read-brokers', '--verb=get', '--resource=brokers.eventing.knative.dev'])
    const account = 'gemini-webhook-system:gwh-controller'
    await kubectl(['create', 'clusterrolebinding', 'b', '--clusterrole=read-brokers', `--serviceaccount=${account}`])
    const broker = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', metadata: { name: 'default' } }
    await kubectl(['create', '-f', '-'], JSON.stringify(broker))
    const status = { address: { url: 'http://broker-ingress.knative-eventing.svc/ml/default' } }
    const patch = ['--subresource=status', '--type=merge', `--patch=${JSON.stringify({ status })}`]
    await kubectl(['patch', 'brokers.eventing.knative.dev', 'default', ...patch])
  }

  async function putApiKey(name: string, apiKey: string): Promise<void> {
    recordSecret(apiKey)
    await kubectl(['create', 'secret', 'generic', name, `--from-literal=api-key=${apiKey}`])
  }

  const settled = (name: string, holds: (webhook: Applied) => boolean) => {
    let last: Applied | undefined
    return eventually(
      `${name} is settled`,
      async () => {
        last = await get(name)
        return last.status?.observedGeneration === last.metadata.generation && holds(last) && last
      },
      { timeoutMs: 20_000, intervalMs: 200 },
    ).catch((cause: unknown) => {
      throw new Error(JSON.stringify(last?.status, null, 1), { cause })
    })
  }
  const files = globSync('deploy/samples/*.yaml').toSorted()
  const samples = files.filter((path) => !basename(path).startsWith('tenancy-'))

  for (const path of samples) {
    test(`${basename(path)} becomes Ready, and then neither Git nor the cluster sees a difference`, async () => {
      const text = readFileSync(path, 'utf8')
      await runCommandsOf(text)
      const manifest = text.replaceAll(placeholderId, () => adoptable())
      const { metadata, spec } = parse(manifest) as GeminiWebhook
      await kubectl(['apply', '--validate=strict', '-f', '-'], manifest)
      const ready = await settled(metadata.name, isReadyAtRest)
      for (const { secret } of admin()
        .webhooks()
        .flatMap(({ secrets }) => secrets))
        recordSecret(secret)

      assert.deepEqual(ready.spec, spec)
      assert.equal(await kubectl(['diff', '-f', '-'], manifest), '')
      assert.match(await kubectl(['apply', '-f', '-'], manifest), / unchanged$/m)
      const gitops = ['apply', '--server-side', '--field-manager=gitops', '--dry-run=server', '-f', '-']
      assert.match(await kubectl(gitops, manifest), /serverside-applied/)
      const others = ready.metadata.managedFields.filter(({ manager }) => !manager.startsWith('kubectl'))
      assert.ok(others.length > 0, 'the controller wrote its status')
      for (const { manager, fieldsV1 } of others) assert.equal(fieldsV1['f:spec'], undefined, manager)
      assert.equal(fluxHealthOf(ready), 'Current')

      await kubectl(['delete', '-f', '-', '--timeout=60s'], manifest)
    })
  }

  test('the samples of one platform and two teams are taken as they are written', async () => {
    const tenancy = files.filter((path) => basename(path).startsWith('tenancy-'))
    assert.equal(tenancy.length, 3)
    for (const path of tenancy) {
      const applied = await server().kubectl(['apply', '--validate=strict', '-f', path])
      assert.equal(applied.code, 0, applied.stderr)
      const diff = await server().kubectl(['diff', '-f', path])
      assert.deepEqual([diff.code, diff.stdout], [0, ''], diff.stderr)
    }
    const { stdout } = await server().kubectl(['get', 'groute', '--all-namespaces', '-o', 'name'])
    assert.equal(stdout.trim().split('\n').length, 3)
    // Its API key is not there, so nothing was registered that would have to be removed at Google.
    for (const path of tenancy) {
      const deleted = await server().kubectl(['delete', '-f', path, '--wait=false'])
      assert.equal(deleted.code, 0, deleted.stderr)
    }
  })

  test('what was adopted stays at the service, and nothing else does', () => {
    assert.deepEqual(
      admin()
        .webhooks()
        .map(({ id }) => id),
      [adoptable()],
    )
  })

  /**
   * The commands that a sample asks for in its comments, with values for their variables; the API key is there already.
   */
  async function runCommandsOf(text: string): Promise<void> {
    const commands = [...text.matchAll(/^# {3}kubectl (.*)$/gm)].map(([, command = '']) => command)
    for (const command of commands.filter((each) => !each.includes('gemini-api-key'))) {
      const filled = command.replaceAll('"', '').replace('$WORKER_SIGNING_SECRET', signingSecret)
      const all = filled.replace(/Bearer \$[A-Z_]+/, partnerToken).replace('$ALERTS_URL', alertsUrl)
      await kubectl(all.split(' '))
    }
  }

  let adoptedId: string | undefined
  /** The id of a webhook that somebody made by hand. */
  function adoptable(): string {
    adoptedId ??= admin().createWebhook(project, {
      uri: 'https://hooks.example.com/made-by-hand',
      subscribedEvents: ['batch.failed'],
      name: 'made by hand',
    }).id
    return adoptedId
  }

  /** Objects as they are on a real API server, and what a GitOps tool should say about them. */
  const seen: { webhook: { kind: string }; flux: ReturnType<typeof fluxHealthOf>; argo: string }[] = []

  test('Flux tells what is ready, what is on its way and what waits for a human', async () => {
    await putApiKey('refused-key', 'AIza-not-a-key-of-any-project')
    await kubectl(['apply', '-f', '-'], manifestOf('ready', 'gemini-api-key'))
    await kubectl(['apply', '-f', '-'], manifestOf('waiting', 'not-there-yet'))
    await kubectl(['apply', '-f', '-'], manifestOf('refused', 'refused-key'))
    await kubectl(['apply', '-f', '-'], manifestOf('suspended', 'gemini-api-key', { suspend: true }))
    const ready = await settled('ready', isReadyAtRest)
    const changed = { ...ready, metadata: { ...ready.metadata, generation: (ready.metadata.generation ?? 0) + 1 } }
    const { status: _, ...unseen } = ready
    seen.push(
      { webhook: ready, flux: 'Current', argo: 'Healthy' },
      { webhook: changed, flux: 'InProgress', argo: 'Progressing' },
      { webhook: unseen, flux: 'InProgress', argo: 'Progressing' },
      { webhook: await settled('waiting', has('Ready', 'False')), flux: 'InProgress', argo: 'Progressing' },
      { webhook: await settled('refused', has('Stalled', 'True')), flux: 'Failed', argo: 'Degraded' },
      { webhook: await settled('suspended', () => true), flux: 'Current', argo: 'Suspended' },
    )
    assert.deepEqual(
      seen.map(({ webhook }) => fluxHealthOf(webhook)),
      seen.map(({ flux }) => flux),
    )
  })

  test('so does Argo CD', { skip: !canRunGo && 'no go on PATH to build the Lua interpreter of Argo CD' }, () => {
    const healths = argoHealthOf(seen.map(({ webhook }) => webhook))
    assert.deepEqual(
      healths.map(({ status }) => status),
      seen.map(({ argo }) => argo),
    )
    for (const { message } of healths) assert.ok(message.length > 0)
  })
})
