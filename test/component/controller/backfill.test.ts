import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../../src/api/kind.ts'
import type { GeminiWebhookStatus } from '../../../src/api/status.ts'
import { systemClock } from '../../../src/clock.ts'
import type { WorkingConfig } from '../../../src/controller/config.ts'
import { formatTime } from '../../../src/format-time.ts'
import { slotName } from '../../../src/contract/receiver-report/slots.ts'
import { configMapKind, type ConfigMap } from '../../../src/kubernetes/core-kinds.ts'
import { home, startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { startSimulator } from '../../support/worlds/simulator.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 15_000, intervalMs: 20 }
const hourMs = 3_600_000
/** What ends at the service now has ended two hours ago, longer than any grace. */
const twoHoursAgo = { ...systemClock, now: () => Date.now() - 2 * hourMs }

const hoursAgo = (hours: number) => formatTime(Date.now() - hours * hourMs)

async function start(t: TestContext, config: Partial<WorkingConfig> = {}) {
  const service = await startSimulator(t, { clock: twoHoursAgo, random: Math.random })
  const it = await startControllerFixture(t, { service, config })
  const known = new Set<string>()
  const { answer } = it.backfill
  assert.ok(answer)
  // Receivers that fold.
  it.backfill.answer = ({ eventId }, { namespace, name: object }) => {
    const id = `${namespace}/${object} ${eventId}`
    const state = known.has(id) ? 'duplicate' : 'stored'
    known.add(id)
    return { state }
  }
  const endBatch = (outcome: 'succeeded' | 'failed' | 'cancelled' = 'succeeded') => {
    const job = it.admin.createJob({ project: 'project-a', type: 'batch', input: 'file' })
    it.admin.finishJob(job.id, outcome)
    return job.id
  }
  const status = async () => (await it.get(name))?.status
  const patchStatus = (body: Partial<GeminiWebhookStatus>) =>
    it.client.patch<GeminiWebhook>(
      geminiWebhookKind,
      { namespace: tenant, name },
      { status: body },
      { type: 'merge', subresource: 'status' },
    )
  /** As if receivers had folded for a week. */
  const backdate = async () => {
    await eventually('it has begun', async () => (await status())?.backfill?.since !== undefined)
    await patchStatus({ backfill: { since: hoursAgo(168) } })
  }
  const sentIds = () => it.backfill.sent.map(({ batch }) => batch.id)
  return { ...it, endBatch, status, patchStatus, backdate, sentIds }
}

test('an object with backfill tells receivers to fold from its registration on, and counts what ended before', async (t) => {
  const it = await start(t)
  const ids = [it.endBatch(), it.endBatch('failed')]
  const running = await it.startController()
  await it.putApiKey()
  const beforeMs = Date.now()
  const { metadata } = await it.apply(name, { endpointCheck: 'Never', backfill: {} })
  const told = await eventually('the first run is told', async () => {
    const { backfill } = (await it.status()) ?? {}
    return backfill?.lastTime !== undefined && backfill
  })
  assert.equal((await it.keyringEntry(metadata.uid))?.foldJobsForSeconds, 74 * 3_600)
  assert.ok(Date.parse(told.since ?? '') >= beforeMs - 1_000)
  assert.deepEqual([told.lastFound, told.total, it.backfill.sent.length], [0, 0, 0])
  const begun = it.events.filter(({ reason }) => reason === 'BackfillStarted')
  assert.equal(begun.length, 1)
  assert.match(begun[0]?.note ?? '', /^1 event of batches that ended before .* spec\.backfill\.request/)

  await it.patch(name, { spec: { backfill: { request: { id: 'all' } } } })
  const answered = await eventually('the request is answered', async () => {
    const { backfill } = (await it.status()) ?? {}
    return backfill?.handledRequestIDs?.includes('all') === true && backfill
  })
  assert.deepEqual([answered.lastFound, answered.total], [1, 1])
  assert.deepEqual(it.sentIds(), [`batches/${ids[0]}`])
  assert.match(await running.scrape(), /^gwh_backfilled_events_total 1$/m)
  const note = it.events.find(({ reason }) => reason === 'Backfilled')?.note
  assert.equal(note, '1 event of batches was not delivered by Google, and sent to the receivers, as request all asks')
})

test('what Google did not deliver is sent once; at rest nothing is written or sent, and a restart is folded', async (t) => {
  const it = await start(t)
  const running = await it.startController()
  await it.putApiKey()
  await it.apply(name, { endpointCheck: 'Never', backfill: {}, events: ['batch.succeeded', 'batch.failed'] })
  await it.untilCondition(name, 'Ready', {})
  await it.backdate()
  const ids = [it.endBatch(), it.endBatch('failed')]
  it.endBatch('cancelled')
  await running.stop()

  const second = await it.startController()
  const told = await eventually('found', async () => {
    const { backfill } = (await it.status()) ?? {}
    return backfill?.total === 2 && backfill
  })
  assert.equal(told.lastFound, 2)
  assert.deepEqual(new Set(it.sentIds()), new Set(ids.map((id) => `batches/${id}`)))
  const [{ target } = { target: undefined }] = it.backfill.sent
  assert.equal(target?.publicUrl, 'https://hooks.example.com/v1/s/ml/batch-events')
  const { resourceVersion } = (await it.get(name))?.metadata ?? {}
  const lists = it.calls().counts.list.received
  await eventually('some resyncs', () => it.calls().counts.list.received >= lists + 3, patience)
  assert.equal((await it.get(name))?.metadata.resourceVersion, resourceVersion)
  assert.equal(it.backfill.sent.length, 2)
  await second.stop()

  await it.startController()
  await eventually('sent again', () => it.backfill.sent.length === 4, patience)
  assert.equal((await it.status())?.backfill?.total, 2)
})

test('backfill that is added later begins when receivers fold, begins anew with a longer memory, and leaves nothing', async (t) => {
  const it = await start(t)
  await it.startController()
  await it.putApiKey()
  const { metadata } = await it.apply(name, { endpointCheck: 'Never' })
  await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal((await it.keyringEntry(metadata.uid))?.foldJobsForSeconds, undefined)
  const addedMs = Date.now()
  await it.patch(name, { spec: { backfill: { lookback: '24h' } } })
  const sinceOf = async () => Date.parse((await it.status())?.backfill?.since ?? '')
  await eventually('it begins', async () => (await sinceOf()) >= addedMs)
  assert.equal((await it.keyringEntry(metadata.uid))?.foldJobsForSeconds, 26 * 3_600)

  await it.backdate()
  const id = it.endBatch()
  const lastNote = (reason: string) => it.events.findLast((event) => event.reason === reason)?.note
  await it.patch(name, { spec: { backfill: { request: { id: 'all' } } } })
  await eventually('found', () => it.sentIds().includes(`batches/${id}`), patience)
  await it.patch(name, { spec: { backfill: { lookback: '12h', request: null } } })
  await eventually('a shorter one', async () => {
    return (await it.keyringEntry(metadata.uid))?.foldJobsForSeconds === 14 * 3_600
  })
  assert.ok((await sinceOf()) < addedMs, 'a shorter memory forgets nothing that is looked for')
  const longerMs = Date.now()
  await it.patch(name, { spec: { backfill: { lookback: '336h' } } })
  await eventually('what receivers forgot is not looked for', async () => (await sinceOf()) >= longerMs)
  await eventually(
    'and counted',
    () => /^1 event of .* would be sent/.test(lastNote('BackfillStarted') ?? ''),
    patience,
  )
  assert.equal((await it.keyringEntry(metadata.uid))?.foldJobsForSeconds, 338 * 3_600)

  await it.patch(name, { spec: { backfill: null } })
  await eventually('only the answered request stays', async () => {
    const { handledRequestIDs, ...rest } = (await it.status())?.backfill ?? {}
    return handledRequestIDs?.join() === 'all' && Object.keys(rest).length === 0
  })
  await eventually('receivers fold no more', async () => {
    return (await it.keyringEntry(metadata.uid))?.foldJobsForSeconds === undefined
  })
})

test('a request for longer ago than the lookback is refused in words, and the object stays Ready', async (t) => {
  const it = await start(t)
  await it.startController()
  await it.putApiKey()
  await it.apply(name, {
    endpointCheck: 'Never',
    backfill: { lookback: '24h', request: { id: 'early', since: '2026-01-01T00:00:00Z' } },
  })
  await it.untilCondition(name, 'Ready', { status: 'True' })
  const webhook = await it.untilCondition(name, 'PartIgnored', { status: 'True', reason: 'BackfillRequestRefused' })
  assert.match(it.conditionOf(webhook, 'PartIgnored')?.message ?? '', /request early is longer ago than/)
  await eventually('an Event says it', () => it.events.some(({ reason }) => reason === 'PartIgnored'), patience)
  await it.patch(name, { spec: { backfill: { request: null } } })
  await eventually('it is over', async () => it.conditionOf(await it.get(name), 'PartIgnored') === undefined, patience)
})

/** Waits until so many passes more have ended: at rest there is one a resync. */
async function resyncs(running: { scrape(): Promise<string> }, count: number): Promise<void> {
  const passes = async () => {
    const lines = (await running.scrape()).matchAll(/^gwh_reconcile_total\{controller="webhooks",[^}]*\} (\d+)$/gm)
    return lines.reduce((sum, [, passed]) => sum + Number(passed), 0)
  }
  const from = await passes()
  await eventually('passes at rest', async () => (await passes()) >= from + count, patience)
}

test('while the installation is paused no batches are listed and nothing is sent; afterwards a request is answered', async (t) => {
  const it = await start(t)
  it.endBatch()
  const running = await it.startController()
  await it.putApiKey()
  await it.apply(name, { endpointCheck: 'Never', backfill: {} })
  await eventually('the first run is told', async () => (await it.status())?.backfill?.lastTime !== undefined)
  const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: home, name: 'gwh-pause' } }
  await it.client.create<ConfigMap>(configMapKind, made)
  await it.untilCondition(name, 'Ready', { reason: 'Suspended' })
  const { received } = it.calls().counts.listBatches
  await it.patch(name, { spec: { backfill: { request: { id: 'all' } } } })
  // By resyncs, each longer than the desk waits before it looks; of a controller that starts meanwhile, too.
  await resyncs(running, 2)
  await running.stop()
  await resyncs(await it.startController(), 3)
  assert.equal(it.calls().counts.listBatches.received, received)
  assert.deepEqual(it.sentIds(), [])

  await it.client.delete(configMapKind, made.metadata)
  await eventually('it is answered', async () => {
    return (await it.status())?.backfill?.handledRequestIDs?.includes('all') === true
  })
  assert.equal(it.sentIds().length, 1)
})

test('a subscription by another name that Google has given to an event is one to that event', async (t) => {
  const it = await start(t, { eventAliases: new Map([['batch.expired', 'batch.failed']]) })
  await it.startController()
  await it.putApiKey()
  it.endBatch()
  const id = it.endBatch('failed')
  await it.apply(name, { endpointCheck: 'Never', events: ['batch.expired'], backfill: { request: { id: 'all' } } })
  await eventually('answered', async () => (await it.status())?.backfill?.total === 1, patience)
  assert.deepEqual(it.sentIds(), [`batches/${id}`])
})

test('a time in which deliveries may have been missed is covered by the run that looked at all of it', async (t) => {
  // No resync tells it.
  const it = await start(t, { resyncIntervalMs: 3_600_000 })
  const running = await it.startController()
  await it.putApiKey()
  await it.apply(name, { endpointCheck: 'Never', backfill: {} })
  await it.untilCondition(name, 'Ready', { status: 'True' })
  await it.backdate()
  await running.stop()
  await it.patchStatus({ gap: { since: hoursAgo(20), until: hoursAgo(3), cause: 'DisabledByGoogle' } })

  await it.startController()
  const webhook = await it.untilCondition(name, 'DeliveriesComplete', { status: 'True', reason: 'Backfilled' })
  assert.ok(webhook.status?.gap?.coveredTime)
})

test('several receivers with an inbox each are sent nothing, and told so; with one it begins anew', async (t) => {
  const it = await start(t)
  await it.startController()
  await it.putApiKey()
  await it.apply(name, { endpointCheck: 'Never', backfill: {}, events: ['batch.succeeded'] })
  await it.untilCondition(name, 'Ready', { status: 'True' })
  await it.backdate()
  const say = (reports: Record<string, object | null>) =>
    it.client.patch<ConfigMap>(
      configMapKind,
      { namespace: home, name: slotName(0) },
      {
        data: Object.fromEntries(
          Object.entries(reports).map(([pod, report]) => [pod, report === null ? null : JSON.stringify(report)]),
        ),
      },
      { type: 'merge' },
    )
  const report = { time: hoursAgo(0), ownInbox: true, foldsJobs: true, endpoints: {} }
  await say({ 'gwh-receiver-0': report, 'gwh-receiver-1': report })
  const failing = await eventually('it is told', async () => (await it.status())?.backfill?.failing, patience)
  assert.match(failing?.message ?? '', /receiver\.replicas=1.*inbox\.driver=jetstream/)
  it.endBatch()
  await it.patchStatus({ gap: { since: hoursAgo(20), until: hoursAgo(3), cause: 'DisabledByGoogle' } })
  await it.patch(name, { spec: { backfill: { request: { id: 'all' } } } })
  const gap = await it.untilCondition(name, 'DeliveriesComplete', { status: 'False' })
  assert.match(it.conditionOf(gap, 'DeliveriesComplete')?.message ?? '', /backfill cannot cover it: several receivers/)
  assert.deepEqual(it.sentIds(), [])

  const beforeMs = Date.now()
  await say({ 'gwh-receiver-1': null })
  const answered = await eventually('the request is answered', async () => {
    const { backfill } = (await it.status()) ?? {}
    return backfill?.handledRequestIDs?.includes('all') === true && backfill
  })
  assert.ok(Date.parse(answered.since ?? '') >= beforeMs - 1_000)
  assert.equal(answered.failing, undefined)
  assert.equal(it.sentIds().length, 1)
})

test('a key of another project begins anew: what ended there before was never to come here', async (t) => {
  const it = await start(t)
  const running = await it.startController()
  await it.putApiKey()
  await it.apply(name, { endpointCheck: 'Never', backfill: {}, events: ['batch.succeeded'] })
  await it.untilCondition(name, 'Ready', { status: 'True' })
  await it.backdate()
  await running.stop()
  it.admin.createProject('project-b')
  const there = it.admin.createJob({ project: 'project-b', type: 'batch', input: 'file' })
  it.admin.finishJob(there.id, 'succeeded')
  const beforeMs = Date.now()
  await it.putApiKey(it.admin.createApiKey('project-b'))
  await it.startController()
  await eventually('registered there', () => it.remotes().some(({ project }) => project === 'project-b'), patience)
  const begun = await eventually(
    'it begins anew',
    () => it.events.findLast(({ reason }) => reason === 'BackfillStarted'),
    patience,
  )
  assert.match(begun?.note ?? '', /^1 event of batches that ended before .* would be sent/)
  assert.ok(Date.parse((await it.status())?.backfill?.since ?? '') >= beforeMs - 1_000)
  assert.deepEqual(it.sentIds(), [])
})
