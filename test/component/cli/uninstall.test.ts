import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import { leaderLeaseName } from '../../../src/api/names.ts'
import { geminiWebhookKind } from '../../../src/api/kind.ts'
import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { clusterIn } from '../../../src/cli/operator-access.ts'
import { systemClock } from '../../../src/clock.ts'
import { slotName } from '../../../src/contract/receiver-report/slots.ts'
import { configMapKind, namespaceKind, secretKind, type ConfigMap } from '../../../src/kubernetes/core-kinds.ts'
import { leaseKind, type Lease } from '../../../src/kubernetes/lease-record.ts'
import { formatMicroTime } from '../../../src/kubernetes/micro-time.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'
import { apiKeySecretName, home, startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'

interface Told {
  broken?: string
  unjudged: string[]
  deleted?: string[]
  remaining?: { object: string; why: string }[]
  chain: { name: string; state: string; says: string }[]
  steps: { command: string; does: string }[]
}

/** A controller that works and leads, and the program's command against the same API server and the same Google. */
async function aWorld(t: TestContext) {
  const fixture = await startControllerFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  const cluster = clusterIn({ clock: systemClock, random: () => 0.5, version: '1.2.3' })
  const command = gwhCommand({ cluster }, { GWH_KUBECONFIG: fixture.kubeconfigPath })
  const gwh = async (...args: string[]) => {
    const answer = await command('uninstall', ...args)
    assert.ok(!`${answer.out}${answer.err}`.includes(fixture.apiKey), 'an API key was told')
    return answer
  }
  const asked = async (...args: string[]) => {
    const { code, out, err } = await gwh('-o', 'json', ...args)
    return { code, err, ...(JSON.parse(out) as Told) }
  }
  const ready = async (name: string, spec = {}) => {
    await fixture.apply(name, spec)
    return fixture.untilCondition(name, 'Ready', { status: 'True' })
  }
  return {
    ...fixture,
    gwh,
    asked,
    ready,
    lead: () => lead(t, fixture),
    claim: (spec: Partial<Lease['spec']>) => claim(fixture, spec),
  }
}

type Fixture = Awaited<ReturnType<typeof startControllerFixture>>

/** As a controller writes it that begins to lead. */
async function claim({ client }: Fixture, spec: Partial<Lease['spec']> = {}): Promise<void> {
  const claimed = {
    holderIdentity: 'gwh-controller-abc',
    leaseDurationSeconds: 30,
    renewTime: formatMicroTime(Date.now()),
  }
  await client.create<Lease>(leaseKind, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: home, name: leaderLeaseName },
    spec: { ...claimed, ...spec },
  })
}

/** As a controller that leads, and goes on doing so until the test is over. */
async function lead(t: TestContext, fixture: Fixture): Promise<void> {
  await claim(fixture)
  const over = new AbortController()
  const ended = renewUntil(over.signal, fixture)
  t.after(() => {
    over.abort()
    return ended
  })
}

async function renewUntil(signal: AbortSignal, { client }: Fixture): Promise<void> {
  const key = { namespace: home, name: leaderLeaseName }
  while (!signal.aborted) {
    const patch = { spec: { renewTime: formatMicroTime(Date.now()) } }
    await client.patch<Lease>(leaseKind, key, patch, { type: 'merge' }).catch(() => {})
    await setTimeout(100, undefined, { signal }).catch(() => {})
  }
}

const commandsOf = ({ steps }: Told) => steps.map(({ command }) => command)
const linkOf = ({ chain }: Told, name: string) => chain.find((link) => link.name === name)

test('gwh uninstall of an installation that serves nothing strands nothing, and says what is left to type', async (t) => {
  const { gwh } = await aWorld(t)
  const { code, out, err } = await gwh()
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^LINK +STATE +WHAT\ndeliveries +Good .*\nwebhooks +Good .*\ncontroller +Good .*\norphans +Good/)
  assert.match(out, /\nNo link is broken\.\n/)
  assert.match(out, /\nWhat is left to type, in this order:\n {2}helm uninstall RELEASE --namespace gemini-webhook-sys/)
  assert.match(out, /\n {2}kubectl delete namespace gemini-webhook-system\n/)
  assert.match(out, /\n {2}kubectl delete crd geminiwebhooks\.webhooks\.gemini-operator\.io geminiroutes\.[a-z.-]+\n/)
})

test('gwh uninstall changes nothing by itself, names what would be stranded, and the commands in their order', async (t) => {
  const it = await aWorld(t)
  await it.lead()
  await it.ready('batch-events')
  await it.ready('kept', { deletionPolicy: 'Retain' })
  const told = await it.asked()
  assert.deepEqual([told.code, told.broken, told.unjudged], [1, 'webhooks', []])
  const { says } = linkOf(told, 'webhooks') ?? assert.fail('no link about webhooks')
  assert.match(says, /^2 GeminiWebhooks of this installation .*: ml\/batch-events, ml\/kept; of 1 .*Retain/)
  assert.deepEqual(commandsOf(told).slice(0, 2), [
    'gwh uninstall --operator-namespace=gemini-webhook-system --yes',
    'helm uninstall RELEASE --namespace gemini-webhook-system',
  ])
  assert.equal(it.remotes().length, 2)
  assert.ok(await it.get('batch-events'))
})

test('gwh uninstall --yes removes the webhooks at Google and then the objects; what is to be kept there is kept', async (t) => {
  const it = await aWorld(t)
  await it.lead()
  await it.ready('batch-events')
  const { status } = await it.ready('kept', { deletionPolicy: 'Retain' })
  const { code, out, err } = await it.gwh('--yes')
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^ml\/batch-events: deleted, .*\nml\/kept: deleted, .*\nLINK /)
  assert.deepEqual(
    it.remotes().map(({ id }) => id),
    [status?.webhook?.id],
  )
  const { items } = await it.client.list<GeminiWebhook>(geminiWebhookKind)
  assert.deepEqual(items, [])
  const again = await it.asked('--yes', '--release=gwh-prod')
  assert.equal(again.code, 0, 'it can be run again')
  assert.equal(commandsOf(again)[0], 'helm uninstall gwh-prod --namespace gemini-webhook-system')
})

test('gwh uninstall --yes deletes nothing while no controller leads, since that would hang', async (t) => {
  const it = await aWorld(t)
  await it.ready('batch-events')
  const told = await it.asked('--yes')
  assert.equal(told.code, 1)
  assert.match(told.err, /^gwh uninstall: nothing was deleted: no controller is known to lead.*leaderElection=false/)
  assert.deepEqual([linkOf(told, 'controller')?.state, told.deleted], ['Broken', []])
  const [first = ''] = commandsOf(told)
  assert.equal(first, 'kubectl --namespace gemini-webhook-system scale deployment gwh-controller --replicas=1')
  const object = await it.get('batch-events')
  assert.equal(object?.metadata.deletionTimestamp, undefined)
})

test('gwh uninstall judges whether a controller leads by the clock of the cluster', async (t) => {
  const it = await aWorld(t)
  await it.lead()
  await it.ready('kept')
  const clock = { ...systemClock, now: () => Date.now() + 7_200_000 }
  const cluster = clusterIn({ clock, random: () => 0.5, version: '1.2.3' })
  const command = gwhCommand({ cluster, clock }, { GWH_KUBECONFIG: it.kubeconfigPath })
  const { chain } = JSON.parse((await command('uninstall', '-o', 'json')).out) as Told
  assert.equal(chain.find(({ name }) => name === 'controller')?.state, 'Good')
  assert.deepEqual([(await command('uninstall', '--yes')).code, await it.get('kept')], [0, undefined])
})

test('gwh uninstall --yes deletes nothing where a Lease is left of a controller that is gone', async (t) => {
  const it = await aWorld(t)
  await it.claim({ leaseDurationSeconds: 1 })
  await it.ready('batch-events')
  assert.equal(linkOf(await it.asked(), 'controller')?.state, 'Good', 'the Lease has not ended')
  const told = await it.asked('--yes')
  assert.match(told.err, /^gwh uninstall: nothing was deleted: no controller is known to lead.*leaderElection=false/)
  assert.deepEqual([told.code, linkOf(told, 'controller')?.state, told.deleted], [1, 'Broken', []])
  assert.equal((await it.get('batch-events'))?.metadata.deletionTimestamp, undefined)
})

test('gwh uninstall --yes leaves alone what has deliveries waiting, unless they are given up', async (t) => {
  const it = await aWorld(t)
  await it.lead()
  const { metadata } = await it.ready('batch-events')
  const report = JSON.stringify({ ownInbox: true, endpoints: { [metadata.uid]: { pending: 12 } } })
  const patch = { data: { 'gwh-receiver-0': report } }
  await it.client.patch<ConfigMap>(configMapKind, { namespace: home, name: slotName(0) }, patch, { type: 'merge' })

  const refused = await it.asked('--yes')
  assert.deepEqual([refused.code, refused.broken, refused.deleted], [1, 'deliveries', []])
  assert.match(refused.err, /nothing was deleted: deliveries wait in inboxes.*--drop-deliveries/)
  assert.match(linkOf(refused, 'deliveries')?.says ?? '', /^12 deliveries wait/)
  assert.equal(commandsOf(refused)[0], 'gwh deliveries -A --operator-namespace=gemini-webhook-system')
  assert.equal(it.remotes().length, 1)

  const dropped = await it.asked('--yes', '--drop-deliveries')
  assert.deepEqual(dropped.deleted, ['ml/batch-events'])
  assert.equal(it.remotes().length, 0)
})

test('gwh uninstall --yes says what a deletion waits for, and does not wait for ever', async (t) => {
  const it = await aWorld(t)
  await it.lead()
  await it.ready('batch-events')
  await it.client.delete(secretKind, { namespace: tenant, name: apiKeySecretName })
  await it.remove('batch-events')
  await it.untilCondition('batch-events', 'Stalled', { status: 'True' })
  const told = await it.asked('--yes', '--wait=0s')
  assert.deepEqual([told.code, told.deleted], [1, []])
  const [remaining] = told.remaining ?? []
  assert.equal(remaining?.object, 'ml/batch-events')
  assert.match(remaining?.why ?? '', /^DeletionBlocked: .*Secret ml\/gemini-api-key does not exist/)
  assert.match(told.err, /^gwh uninstall: ml\/batch-events: is still there: DeletionBlocked: /m)
})

test('gwh uninstall touches nothing of another installation, and then says that the CRDs must stay', async (t) => {
  const it = await aWorld(t)
  await it.lead()
  const { metadata } = await it.ready('batch-events')
  await it.client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } })
  const other = await it.client.create<GeminiWebhook>(geminiWebhookKind, {
    ...(await it.get('batch-events')),
    metadata: { namespace: 'team-a', name: 'theirs', finalizers: metadata.finalizers ?? [] } as never,
    spec: { apiKeySecretRef: { name: apiKeySecretName }, events: ['batch.succeeded'] },
  } as GeminiWebhook)
  await it.client.replaceStatus(geminiWebhookKind, {
    ...other,
    status: { installationID: 'team-a-prod-1', installationToken: '0a1b2c3d' },
  })

  const told = await it.asked('--yes')
  assert.deepEqual([told.code, told.deleted], [0, ['ml/batch-events']])
  assert.match(linkOf(told, 'CRDs')?.says ?? '', /must stay: other installations serve 1 GeminiWebhook: team-a\/theirs/)
  assert.ok(!commandsOf(told).some((command) => command.includes('delete crd')))
  const left = await it.client.get<GeminiWebhook>(geminiWebhookKind, { namespace: 'team-a', name: 'theirs' })
  assert.equal(left?.metadata.deletionTimestamp, undefined)

  const narrowed = await it.asked(`--watch-namespaces=${tenant}`)
  assert.deepEqual([narrowed.code, linkOf(narrowed, 'CRDs')?.state], [0, 'Good'])
  assert.ok(!commandsOf(narrowed).some((command) => command.includes('delete crd')), 'others cannot be seen')
})

test('gwh uninstall names webhooks that only the list of orphans knows', async (t) => {
  const it = await aWorld(t)
  const record = { namespace: tenant, name: 'gone', keyFingerprint: 'f', time: '2026-11-21T12:00:00Z' }
  await it.client.create<ConfigMap>(configMapKind, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: home, name: 'gwh-orphans' },
    data: { 'uid-1.abc': JSON.stringify({ ...record, id: 'abc', reason: 'Abandoned' }) },
  })
  const told = await it.asked()
  assert.deepEqual([told.code, told.broken], [1, 'orphans'])
  assert.equal(commandsOf(told)[0], 'gwh orphans --operator-namespace=gemini-webhook-system')
})

test('gwh uninstall does not guess whose objects there are where the installation cannot be told', async (t) => {
  const it = await aWorld(t)
  await it.lead()
  await it.ready('batch-events')
  const told = await it.asked('--operator-namespace=elsewhere', '--yes')
  assert.equal(told.code, 3)
  assert.match(told.err, /nothing was deleted: ConfigMap elsewhere\/gwh-installation does not say which installation/)
  assert.deepEqual([told.broken, told.unjudged.includes('webhooks'), told.deleted], [undefined, true, []])
  assert.equal(it.remotes().length, 1)
})

const wrongLines: [args: string[], message: RegExp][] = [
  [['--drop-deliveries'], /--drop-deliveries: means nothing without --yes/],
  [['--wait=soon'], /--wait/],
  [['--release=My Release'], /--release.*is not the name of a release/],
  [['--watch-namespaces=Team_A'], /--watch-namespaces.*is not a namespace name/],
  [['ml/batch-events'], /batch-events/],
  [['-o', 'name'], /is not one of/],
]
test('gwh uninstall refuses a wrong command line with what to write instead', async () => {
  const command = gwhCommand()
  for (const [args, message] of wrongLines) {
    const { code, out, err } = await command('uninstall', ...args)
    assert.deepEqual([code, out], [2, ''], args.join(' '))
    assert.match(err, message)
  }
})
