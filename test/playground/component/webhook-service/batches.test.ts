import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'

import { GoogleGenAI } from '@google/genai'

import type { SwitchChanges } from '../../../../playground/webhook-service/switches.ts'
import { rawApi, startSimulator } from '../../../support/worlds/simulator.ts'

const project = 'project-a'
const hourMs = 3_600_000

interface ListAnswer {
  operations?: { name: string; done?: boolean; metadata: Record<string, unknown> }[]
  nextPageToken?: string
}

async function start(t: TestContext, { apiVersion = 'v1', ...switches }: SwitchChanges & { apiVersion?: string } = {}) {
  const simulated = await startSimulator(t, { switches })
  const { admin, url: baseUrl, apiKey } = simulated
  const call = rawApi(baseUrl, apiKey)
  return {
    ...simulated,
    client: new GoogleGenAI({ apiKey, vertexai: false, apiVersion, httpOptions: { baseUrl } }),
    call,
    make: (input: 'inline' | 'file' = 'inline') => admin.createJob({ project, type: 'batch', input }).id,
    list: async (query = '') => (await call('GET', `/v1/batches${query}`)).body as ListAnswer,
  }
}

const idsOf = ({ operations = [] }: ListAnswer) => operations.map(({ name }) => name.replace('batches/', ''))

for (const apiVersion of ['v1', 'v1beta']) {
  describe(`the official SDK over /${apiVersion}`, () => {
    test('walks through all pages of the batches, newest first, and reads each by its name', async (t) => {
      const { client, make, admin } = await start(t, { apiVersion })
      const ids = [make('file'), make(), make(), make()]
      admin.finishJob(ids[0] ?? '', 'succeeded')
      admin.finishJob(ids[1] ?? '', 'failed')
      const names: (string | undefined)[] = []
      for await (const batch of await client.batches.list({ config: { pageSize: 3 } })) {
        names.push(batch.name)
        assert.deepEqual(batch, await client.batches.get({ name: batch.name ?? '' }))
      }
      assert.deepEqual(
        names,
        ids.toReversed().map((id) => `batches/${id}`),
      )
      const first = await client.batches.get({ name: names[3] ?? '' })
      assert.equal(first.state, 'JOB_STATE_SUCCEEDED')
      assert.equal(first.dest?.fileName, `files/${ids[0]}`)
      assert.ok(Date.parse(first.endTime ?? '') >= Date.parse(first.createTime ?? ''))
      assert.equal(admin.calls().counts.listBatches.received, 2)
    })
  })
}

test('a batch that users make, and one that they cancel, is in the list as it is', async (t) => {
  const { client, list } = await start(t)
  const made = await client.batches.create({
    model: 'gemini-3-flash',
    src: [{ contents: [{ role: 'user', parts: [{ text: 'hello' }] }] }],
    config: { displayName: 'nightly' },
  })
  const shown = async () => (await list()).operations?.[0]
  assert.equal((await shown())?.name, made.name)
  assert.deepEqual(
    [(await shown())?.metadata['state'], (await shown())?.metadata['displayName'], (await shown())?.done],
    ['BATCH_STATE_RUNNING', 'nightly', undefined],
  )
  await client.batches.cancel({ name: made.name ?? '' })
  assert.deepEqual([(await shown())?.metadata['state'], (await shown())?.done], ['BATCH_STATE_CANCELLED', true])
})

test('a list has the batches of its project alone, and nothing but batches', async (t) => {
  const { make, list, admin } = await start(t)
  admin.createProject('project-b')
  admin.createJob({ project: 'project-b', type: 'batch' })
  admin.createJob({ project, type: 'interaction' })
  assert.deepEqual(await list(), {})
  const id = make()
  assert.deepEqual(idsOf(await list()), [id])
})

test('a page has fifty where nobody says how many, and no more than the largest page', async (t) => {
  const { make, list, admin } = await start(t)
  for (let n = 0; n < 60; n += 1) make()
  const first = await list()
  assert.equal(first.operations?.length, 50)
  assert.equal((await list(`?pageToken=${first.nextPageToken}`)).operations?.length, 10)
  admin.setSwitches({ batchListMaxPageSize: 20 })
  assert.equal((await list()).operations?.length, 20)
  assert.equal((await list('?pageSize=1000')).operations?.length, 20)
})

test('a page size or a token that is none is refused, and so is a call without a key', async (t) => {
  const { call, url } = await start(t)
  assert.equal((await call('GET', '/v1/batches?pageSize=many')).status, 400)
  assert.equal((await call('GET', '/v1/batches?pageToken=any')).status, 400)
  assert.equal((await rawApi(url, undefined)('GET', '/v1/batches')).status, 403)
})

test('a batch that comes between two pages shows one of the first page again', async (t) => {
  const { make, list } = await start(t)
  const ids = [make(), make(), make()]
  const first = await list('?pageSize=2')
  make()
  const second = await list(`?pageSize=2&pageToken=${first.nextPageToken}`)
  assert.deepEqual(idsOf(first), [ids[2], ids[1]])
  assert.deepEqual(idsOf(second), [ids[1], ids[0]])
})

test('a page can be made to shift either way, and to repeat without an end', async (t) => {
  const { make, list, admin } = await start(t, { batchListOrder: 'oldestFirst' })
  const ids = [make(), make(), make(), make()]
  const second = async () => idsOf(await list('?pageSize=2&pageToken=' + (await list('?pageSize=2')).nextPageToken))
  admin.addFault({ verb: 'listBatches', skip: 1, effect: { type: 'shiftPage', by: 1 } })
  assert.deepEqual(await second(), [ids[1], ids[2]])
  admin.addFault({ verb: 'listBatches', skip: 1, effect: { type: 'shiftPage', by: -1 } })
  assert.deepEqual(await second(), [ids[3]])
  assert.deepEqual(await second(), [ids[2], ids[3]])
  const { nextPageToken: token } = await list('?pageSize=2')
  admin.addFault({ verb: 'listBatches', times: 0, effect: { type: 'repeatPage' } })
  assert.equal((await list(`?pageSize=2&pageToken=${token}`)).nextPageToken, token)
})

test('a list that lags shows what was there then, and how it was', async (t) => {
  const { make, list, admin } = await start(t)
  const id = make()
  await admin.advance(hourMs)
  make()
  admin.finishJob(id, 'succeeded')
  admin.setSwitches({ batchListLagMs: hourMs / 2 })
  const [shown, ...others] = (await list()).operations ?? []
  assert.deepEqual(
    [shown?.name, shown?.metadata['state'], shown?.done],
    [`batches/${id}`, 'BATCH_STATE_RUNNING', undefined],
  )
  assert.deepEqual(others, [])
  admin.setSwitches({ batchListLagMs: 0 })
  assert.equal((await list()).operations?.length, 2)
})

test('any text of an answer can be made another one', async (t) => {
  const { make, list, admin } = await start(t)
  make()
  admin.addFault({ verb: 'listBatches', effect: { type: 'rewrite', replace: '"state"', by: '"phase"' } })
  assert.equal((await list()).operations?.[0]?.metadata['phase'], 'BATCH_STATE_RUNNING')
  assert.equal((await list()).operations?.[0]?.metadata['state'], 'BATCH_STATE_RUNNING', 'it struck once')
})
