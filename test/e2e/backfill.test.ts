import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'

import { eventually } from '../support/measures/eventually.ts'
import { ask, gwh, kubectl, soon } from '../support/processes/cluster-commands.ts'
import { byGooglesClock, googlesTime, passTime } from './google-time.ts'
import { apiKeySecret, standUp, takeDown } from './surroundings.ts'
import { workerOf } from './tenants.ts'
import { deliveries, field, install, missing, newest, remotes, simulator, system, team } from './world.ts'

const natsImage = process.env['GWH_E2E_NATS_IMAGE']
if (natsImage === undefined && process.env['GWH_REQUIRE_E2E'] === '1')
  throw new Error('GWH_REQUIRE_E2E=1, but there is no GWH_E2E_NATS_IMAGE')

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const awayHours = 26

/** How far the time goes in one step while no receiver is there. */
const stepHours = 2
/** By less than a receiver allows a delivery to be from its own time. */
const shortStepMs = 4 * minuteMs

/**
 * A controller begins its first run after a minute at the latest, by the machine's own clock, and one that receivers
 * did not take is repeated after pauses that grow from a minute, whoever asks for it.
 */
const patience = { timeoutMs: 240_000, intervalMs: 500 }

const name = 'batch-events'
const webhook = {
  apiVersion: 'webhooks.gemini-operator.io/v1alpha1',
  kind: 'GeminiWebhook',
  metadata: { namespace: team, name },
  spec: {
    apiKeySecretRef: { name: 'gemini-api-key' },
    events: ['batch.succeeded', 'batch.failed'],
    backfill: { interval: '5m', grace: '5m' },
    sinks: [{ name: 'worker', service: { name: 'batch-worker', path: '/events' } }],
  },
}

interface Driver {
  driver: 'sqlite' | 'jetstream'
  receivers: string
  settings: Record<string, unknown>
  missing: readonly string[]
  /** How Google writes the id of a batch in an event; the list has `batches/` before it. */
  batchId: 'path' | 'bare'
}

const drivers: readonly Driver[] = [
  { driver: 'sqlite', receivers: 'statefulset/gwh-receiver', settings: {}, missing, batchId: 'path' },
  {
    driver: 'jetstream',
    receivers: 'deployment/gwh-receiver',
    settings: {
      inbox: { driver: 'jetstream', jetstream: { urls: [`nats://nats.${team}.svc:4222`] } },
      'receiver.config.natsReplicas': 1,
    },
    missing: [...missing, ...(natsImage === undefined ? ['GWH_E2E_NATS_IMAGE'] : [])],
    batchId: 'bare',
  },
]

interface Job {
  id: string
  type: string
  state: string
}

type Outcome = 'succeeded' | 'failed' | 'cancelled'

const endBatch = (outcome?: Outcome) =>
  ask('POST', simulator, '_admin/jobs', { project: 'sandbox', type: 'batch', ...(outcome && { outcome }) })

/** Every batch that ended in a way that the webhook subscribes to. */
async function wanted(): Promise<string[]> {
  const jobs = await ask<Job[]>('GET', simulator, '_admin/jobs')
  return jobs.flatMap(({ id, state }) => (state === 'succeeded' || state === 'failed' ? [id] : [])).toSorted()
}

/** The batches of whose end the worker was told, once for each time. */
const told = async () => (await workerOf(team)).map(({ subject }) => subject.replace(/^batches\//, '')).toSorted()

/** A run looks at what ended longer ago than the grace: what ended just now is to be as old. */
async function askForBackfill(): Promise<void> {
  for (let step = 0; step < 2; step += 1) await passTime(shortStepMs)
  await gwh(['backfill', `${team}/${name}`, '--wait=4m'])
}

/**
 * Whether Google's deliveries come to the Service of the receivers, or are refused at once. A node refuses connections
 * to a Service without pods no more than once a second (net.ipv4.icmp_ratelimit).
 */
const reachReceivers = (isReached: boolean) =>
  ask('PUT', simulator, '_admin/connect-to', {
    '*': isReached ? `http://gwh-receiver.${system}.svc` : 'http://127.0.0.1:1',
  })

/** Waits for every batch to be told of; an event too many shows at once. */
async function untilAllTold(): Promise<void> {
  await eventually(
    'the end of each batch at the worker',
    async () => {
      const there = new Set(await told())
      return (await wanted()).every((id) => there.has(id))
    },
    patience,
  )
  assert.deepEqual(await told(), await wanted())
}

const isPending = ({ state }: { state: string }) => state === 'pending'
const inSystem = ['--namespace', system]
const ofWebhook = (path: string) => field(path, 'gwh', name)
const condition = async (type: string) => {
  const conditions = JSON.parse(await ofWebhook('.status.conditions')) as {
    type: string
    status: string
    reason: string
  }[]
  return conditions.find((each) => each.type === type)
}

/** Some receivers, or none. */
async function scale(receivers: string, replicas: 0 | 1): Promise<void> {
  await kubectl([...inSystem, 'scale', receivers, `--replicas=${replicas}`])
  await kubectl([...inSystem, 'rollout', 'status', receivers, '--timeout=2m'])
  await soon('the pods of the receiver', async () => (await receiverPods()).length === replicas)
}

async function receiverPods(): Promise<string[]> {
  const ofReceivers = '--selector=app.kubernetes.io/component=receiver'
  const names = await kubectl([...inSystem, 'get', 'pods', ofReceivers, '--output=jsonpath={.items[*].metadata.name}'])
  return names.split(' ').filter((pod) => pod !== '')
}

/** How many requests the receiver has answered as something that it had. */
async function duplicates(): Promise<number> {
  const [pod = ''] = await receiverPods()
  const text = await kubectl(['get', '--raw', `/api/v1/namespaces/${system}/pods/${pod}:9090/proxy/metrics`])
  return [...text.matchAll(/^gwh_receiver_requests_total\{[^}]*outcome="Duplicate"[^}]*\} (\d+)$/gim)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  )
}

function settingsOf({ settings }: Driver): string[] {
  const values = {
    // The controller tries the endpoint before it enables the webhook again. Nothing stands before the receivers here.
    baseUrl: `http://gwh-receiver.${system}.svc`,
    'controller.config.insecureBaseUrl': true,
    'controller.extraEnv': byGooglesClock,
    'receiver.extraEnv': byGooglesClock,
    ...settings,
  }
  return Object.entries(values).map(([setting, value]) => `--set-json=${setting}=${JSON.stringify(value)}`)
}

/**
 * What becomes of batches that ended while no receiver was there, on a real node. After some hours Google gives up, and
 * sends nothing of what ends later. What it owes from before it keeps for 24 hours: a part of it comes after the
 * backfill.
 */
for (const each of drivers) {
  const { driver, receivers, batchId } = each
  const skip = each.missing.length > 0 && `needs ${each.missing.join(', ')}`
  describe(`receivers that were away for ${awayHours} hours, with ${driver}`, { skip }, () => {
    let leftAtMs = 0
    before(async () => {
      await standUp([team], [], `autoDisableFailures=120,retriesWhileDisabled=held,batchId=${batchId}`)
      await kubectl(['--namespace', team, ...apiKeySecret])
      if (driver === 'jetstream') {
        const manifest = readFileSync('test/e2e/nats.yaml', 'utf8').replaceAll('${IMAGE}', natsImage ?? '')
        await kubectl(['apply', '-f', '-'], manifest.replaceAll('${NAMESPACE}', team))
        await kubectl(['--namespace', team, 'rollout', 'status', 'deployment/nats', '--timeout=2m'])
      }
      await install(newest, settingsOf(each))
    })
    after(() => takeDown([team]))

    test('what Google delivers while receivers are there is at the worker', async () => {
      await kubectl(['apply', '-f', '-'], JSON.stringify(webhook))
      await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', `gwh/${name}`, '--timeout=2m'])
      await soon('since when batches are looked for', async () => (await ofWebhook('.status.backfill.since')) !== '')
      for (const outcome of ['succeeded', 'failed', 'cancelled', 'succeeded'] as const) await endBatch(outcome)
      await untilAllTold()
      assert.ok((await workerOf(team)).every(({ origin }) => origin === undefined))
    })

    test('no receiver is there while batches end; Google gives up, and a condition says since when events may be missing', async () => {
      await scale(receivers, 0)
      leftAtMs = await googlesTime()
      await reachReceivers(false)
      for (let hour = 0; hour < awayHours; hour += stepHours) {
        await Promise.all([endBatch('failed'), endBatch('succeeded'), ...(hour === 12 ? [endBatch('cancelled')] : [])])
        await passTime(stepHours * hourMs)
      }
      await endBatch() // runs on
      const [remote] = await remotes()
      assert.equal(remote?.state, 'disabled_due_to_failed_deliveries')
      const gaveUp = (await deliveries()).filter(({ state }) => state === 'gaveUp')
      assert.ok(gaveUp.length > 0, 'Google gave up on the first of them')
      assert.ok((await wanted()).length >= awayHours + 3)

      await soon('the condition', async () => (await condition('DeliveriesComplete'))?.status === 'False')
      const sinceMs = Date.parse(await ofWebhook('.status.gap.since'))
      assert.ok(sinceMs <= leftAtMs + 5 * minuteMs, 'no batch that was missed ended before the gap')
      assert.equal(await ofWebhook('.status.gap.coveredTime'), '')
    })

    test('receivers come back: Google is asked to go on, each end of a batch is at the worker once, and the gap is closed', async (t) => {
      await scale(receivers, 1)
      await reachReceivers(true)
      await soon('the webhook enabled', async () => (await remotes())[0]?.state === 'enabled')
      await soon('the end of the gap', async () => (await ofWebhook('.status.gap.until')) !== '')
      await askForBackfill()
      await untilAllTold()
      await soon('the gap covered', async () => (await condition('DeliveriesComplete'))?.status === 'True')
      await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', `gwh/${name}`, '--timeout=2m'])
      assert.notEqual(await ofWebhook('.status.gap.until'), '')
      assert.notEqual(await ofWebhook('.status.gap.coveredTime'), '')

      const found = Number(await ofWebhook('.status.backfill.total'))
      const byBackfill = (await workerOf(team)).filter(({ origin }) => origin === 'backfill').length
      t.diagnostic(`${byBackfill} of ${(await wanted()).length} events by backfill`)
      assert.ok(byBackfill > 0)
      assert.equal(byBackfill, found)
      assert.match(await field('.items[*].reason', 'events.events.k8s.io'), /\bBackfilled\b/)
    })

    test('what Google still owed comes late, and the worker does not hear of it again', async (t) => {
      // What it owed from before may have come meanwhile: one at least comes after the backfill.
      await reachReceivers(false)
      await endBatch('succeeded')
      await askForBackfill()
      await untilAllTold()
      const owed = (await deliveries()).filter(isPending).length
      await reachReceivers(true)
      await eventually(
        'nothing is owed',
        async () => {
          await passTime(shortStepMs)
          return !(await deliveries()).some(isPending)
        },
        patience,
      )
      t.diagnostic(`${owed} deliveries were owed`)
      assert.ok(owed > 0)
      assert.deepEqual(await told(), await wanted())
    })

    test('a controller that begins anew sends all of it again, and the worker does not hear of it again', async () => {
      const found = await ofWebhook('.status.backfill.total')
      const before = await duplicates()
      await kubectl([...inSystem, 'rollout', 'restart', 'deployment/gwh-controller'])
      await kubectl([...inSystem, 'rollout', 'status', 'deployment/gwh-controller', '--timeout=2m'])
      const all = (await wanted()).length
      await eventually('all of it sent again', async () => (await duplicates()) >= before + all, patience)
      assert.deepEqual(await told(), await wanted())
      assert.equal(await ofWebhook('.status.backfill.total'), found)
    })

    test('gwh backfill asks for all of it, finds that nothing is missing, and the worker does not hear of it again', async () => {
      const said = await gwh(['backfill', `${team}/${name}`, '--wait=4m', '-o', 'json'])
      const { done, found } = JSON.parse(said) as { done: boolean; found: number }
      assert.deepEqual({ done, found }, { done: true, found: 0 })
      assert.deepEqual(await told(), await wanted())
    })
  })
}
