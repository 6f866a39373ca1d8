import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'

import { systemClock } from '../../src/clock.ts'
import type { EndedBatches } from '../../src/gemini/batch-service.ts'
import { createCallBudget } from '../../src/gemini/call-budget.ts'
import { createGeminiMetrics } from '../../src/gemini/gemini-metrics.ts'
import { openWebhookService, type WebhookServiceOptions } from '../../src/gemini/open-webhook-service.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { JobOutcome } from '../../playground/webhook-service/events.ts'
import type { SwitchChanges } from '../../playground/webhook-service/switches.ts'
import { startSimulator } from '../support/worlds/simulator.ts'
import { geminiErrorOf } from '../support/measures/gemini-error-of.ts'

/** What is read of the batches of a project, over the official SDK against the simulated service, in both versions. */
const apiVersions = ['v1', 'v1beta'] as const
const project = 'project-a'
const hourMs = 3_600_000

async function start(t: TestContext, switches: SwitchChanges = {}, options: Partial<WebhookServiceOptions> = {}) {
  const simulated = await startSimulator(t, { switches })
  const metrics = createGeminiMetrics(createMetrics())
  const budget = createCallBudget({ settings: { callsPerSecond: 1_000, burst: 1_000 }, clock: systemClock, metrics })
  const { url: baseUrl, apiKey, admin } = simulated
  const service = openWebhookService({ apiKey, baseUrl, budget, clock: systemClock, metrics, ...options })
  return {
    ...simulated,
    budget,
    service,
    /** A batch that ends at once, without a webhook that would be told. */
    end: (outcome: JobOutcome = 'succeeded', input: 'inline' | 'file' = 'inline') => {
      const { id } = admin.createJob({ project, type: 'batch', input })
      return admin.finishJob(id, outcome).job
    },
    list: (endedAfterMs = 0): Promise<EndedBatches> => service.batches.listEndedBatches({ endedAfterMs }),
    lists: () => admin.calls().counts.listBatches.received,
  }
}

const idsOf = ({ jobs }: EndedBatches) => jobs.map(({ id }) => id.replace('batches/', ''))
const nothing: EndedBatches = { jobs: [], unknownStates: [], unreadable: 0, isWhole: true }

for (const apiVersion of apiVersions) {
  describe(`the batches of a project over /${apiVersion}`, () => {
    test('each end is the event that Google sends of it, with its time and its file', async (t) => {
      const { end, list, admin } = await start(t, {}, { apiVersion })
      assert.deepEqual(await list(), nothing)
      admin.createJob({ project, type: 'batch' })
      admin.createJob({ project, type: 'interaction' })
      const [succeeded, failed, cancelled] = [end('succeeded', 'file'), end('failed'), end('cancelled')]
      const found = await list()
      assert.deepEqual(found.jobs, [
        {
          id: `batches/${cancelled.id}`,
          state: 'JOB_STATE_CANCELLED',
          type: 'batch.cancelled',
          endedAtMs: cancelled.updatedMs,
        },
        {
          id: `batches/${failed.id}`,
          state: 'JOB_STATE_FAILED',
          type: 'batch.failed',
          endedAtMs: failed.updatedMs,
        },
        {
          id: `batches/${succeeded.id}`,
          state: 'JOB_STATE_SUCCEEDED',
          type: 'batch.succeeded',
          outputFileUri: `files/${succeeded.id}`,
          endedAtMs: succeeded.updatedMs,
        },
      ])
      assert.deepEqual({ ...found, jobs: [] }, nothing)
      assert.deepEqual([...new Set(admin.calls().calls.map(({ version }) => version))], [apiVersion])
    })
  })
}

test('only what ended since is kept, and a batch that nobody finished has ended by expiring', async (t) => {
  const { end, list, admin } = await start(t)
  const { id } = admin.createJob({ project, type: 'batch' })
  end()
  await admin.advance(24 * hourMs)
  const [expired] = (await list(admin.now() - hourMs)).jobs
  assert.deepEqual([expired?.id, expired?.type], [`batches/${id}`, 'batch.expired'])
  assert.equal((await list()).jobs.length, 2)
  assert.deepEqual(await list(admin.now() + hourMs), nothing)
})

const forms: [name: string, switches: SwitchChanges][] = [
  ['oldest first', { batchListOrder: 'oldestFirst' }],
  ['in small pages', { batchListMaxPageSize: 2 }],
  ['with an empty token at its end', { batchListEnd: 'emptyToken' }],
  ['without the answers', { batchListOutputs: 'omitted' }],
  ['with the states of jobs', { batchStates: 'jobState' }],
  ['with errors of the other form', { errorShape: 'interactions' }],
]
for (const [name, switches] of forms) {
  test(`a list ${name} is read as any other`, async (t) => {
    const { end, list } = await start(t, switches)
    const ids = Array.from({ length: 7 }, () => end().id)
    const found = await list()
    assert.deepEqual(idsOf(found).toSorted(), ids.toSorted())
    assert.deepEqual({ ...found, jobs: [] }, nothing)
  })
}

test('a list that lags shows what has ended by then, and the next one the rest', async (t) => {
  const { end, list, admin } = await start(t)
  const { id } = end()
  admin.addFault({ verb: 'listBatches', effect: { type: 'lag', ms: hourMs } })
  assert.deepEqual(await list(), nothing)
  assert.deepEqual(idsOf(await list()), [id])
})

test('pages that shift show a batch twice, which counts once, or hide one, which the next list has', async (t) => {
  const { end, list, admin } = await start(t, { batchListMaxPageSize: 3 })
  const ids = Array.from({ length: 6 }, () => end().id)
  admin.addFault({ verb: 'listBatches', skip: 1, effect: { type: 'shiftPage', by: 2 } })
  assert.deepEqual(idsOf(await list()).toSorted(), ids.toSorted())
  admin.addFault({ verb: 'listBatches', skip: 1, effect: { type: 'shiftPage', by: -1 } })
  assert.equal((await list()).jobs.length, 5)
  assert.equal((await list()).jobs.length, 6)
})

test('a state that nobody knows, and a field with another name, hide only their own batches and are told', async (t) => {
  const { end, list, admin } = await start(t)
  const { id } = end('failed')
  end()
  admin.addFault({
    verb: 'listBatches',
    effect: { type: 'rewrite', replace: 'BATCH_STATE_SUCCEEDED', by: 'BATCH_STATE_COMPLETED' },
  })
  const strange = await list()
  assert.deepEqual(idsOf(strange), [id])
  assert.deepEqual(strange.unknownStates, ['BATCH_STATE_COMPLETED'])
  admin.addFault({ verb: 'listBatches', effect: { type: 'rewrite', replace: '"state"', by: '"phase"' } })
  assert.deepEqual(await list(), { ...nothing, unreadable: 2 })
  admin.addFault({ verb: 'listBatches', effect: { type: 'rewrite', replace: '"endTime"', by: '"finishTime"' } })
  assert.equal((await list()).jobs.length, 2, 'the last change says when')
})

test('an id of another form is kept as it is', async (t) => {
  const { end, list, admin } = await start(t)
  const { id } = end()
  admin.addFault({ verb: 'listBatches', effect: { type: 'rewrite', replace: 'batches/', by: 'projects/p.1/batches/' } })
  assert.deepEqual(
    (await list()).jobs.map((job) => job.id),
    [`projects/p.1/batches/${id}`],
  )
})

test('ten thousand batches are a hundred calls; of more, the list says that it is not whole', async (t) => {
  const { list, lists, admin } = await start(t)
  for (let n = 0; n < 9_999; n += 1) admin.finishJob(admin.createJob({ project, type: 'batch' }).id, 'succeeded')
  const found = await list()
  assert.equal(new Set(idsOf(found)).size, 9_999)
  assert.equal(found.isWhole, true)
  assert.equal(lists(), 100)
  for (let n = 0; n < 2; n += 1) admin.finishJob(admin.createJob({ project, type: 'batch' }).id, 'succeeded')
  const part = await list()
  assert.deepEqual([part.jobs.length, part.isWhole], [10_000, false])
})

test('a project that keeps its batches for ever costs a page where the list begins with the newest', async (t) => {
  const { end, list, lists, admin } = await start(t)
  for (let n = 0; n < 10_050; n += 1) admin.finishJob(admin.createJob({ project, type: 'batch' }).id, 'succeeded')
  await admin.advance(11 * 24 * hourMs)
  const lately = [end().id, end().id]
  const since = admin.now() - 72 * hourMs
  assert.deepEqual(await list(since), { ...nothing, jobs: (await list(since)).jobs })
  assert.deepEqual(idsOf(await list(since)), lately.toReversed())
  assert.equal(lists(), 3, 'one for each list')
  admin.setSwitches({ batchListOrder: 'oldestFirst' })
  assert.deepEqual(await list(since), { ...nothing, isWhole: false })
})

test('pages without an end give nothing', async (t) => {
  const { end, list, lists, admin } = await start(t, { batchListMaxPageSize: 1 })
  for (let n = 0; n < 3; n += 1) end()
  admin.addFault({ verb: 'listBatches', skip: 1, times: 0, effect: { type: 'repeatPage' } })
  const error = await geminiErrorOf(list())
  assert.equal(error.code, 'ERR_GEMINI_BAD_ANSWER')
  assert.match(error.message, /^batches\.list was answered without an end: the pages repeat/)
  assert.ok(lists() <= 3, `${lists()} calls`)
})

test('a page that fails gives nothing, is not asked for again, and names the call', async (t) => {
  const { end, list, lists, admin } = await start(t, { batchListMaxPageSize: 2 })
  for (let n = 0; n < 5; n += 1) end()
  admin.addFault({ verb: 'listBatches', skip: 1, effect: { type: 'status', status: 503, message: 'try later' } })
  const error = await geminiErrorOf(list())
  assert.deepEqual([error.code, error.status, error.mayHaveCommitted], ['ERR_GEMINI_UNAVAILABLE', 503, false])
  assert.match(error.message, /^batches\.list answered 503 \(UNAVAILABLE: try later\)/)
  assert.equal(lists(), 2)
  assert.equal((await list()).jobs.length, 5)
})

test('a 429 pauses the budget that webhooks of the key have too, for as long as it says', async (t) => {
  const { list, lists, admin, service, budget } = await start(t)
  admin.addFault({ verb: 'listBatches', effect: { type: 'status', status: 429, retryAfter: '3600' } })
  const error = await geminiErrorOf(list())
  assert.deepEqual([error.code, error.retryAfterMs], ['ERR_GEMINI_RATE_LIMITED', hourMs])
  assert.equal(budget.available(), 0)
  assert.equal((await geminiErrorOf(service.list())).code, 'ERR_GEMINI_RATE_LIMITED')
  assert.equal((await geminiErrorOf(list())).code, 'ERR_GEMINI_RATE_LIMITED')
  assert.equal(lists(), 1)
})

test('a key that is not valid is told as such', async (t) => {
  const { list, admin, apiKey } = await start(t)
  admin.revokeApiKey(apiKey)
  const error = await geminiErrorOf(list())
  assert.equal(error.code, 'ERR_GEMINI_CREDENTIALS_REJECTED')
  assert.ok(!error.message.includes(apiKey))
})

test('no answer is a timeout, and a caller that stops waiting gets its own reason', async (t) => {
  const { list, admin, service } = await start(t, {}, { timeoutMs: 200 })
  admin.addFault({ verb: 'listBatches', effect: { type: 'hang' } })
  const error = await geminiErrorOf(list())
  assert.deepEqual([error.code, error.mayHaveCommitted], ['ERR_GEMINI_TIMEOUT', false])
  const stop = new AbortController()
  const stopped = service.batches.listEndedBatches({ endedAfterMs: 0, signal: stop.signal })
  stop.abort(new Error('stopped'))
  await assert.rejects(stopped, /^Error: stopped$/)
})
