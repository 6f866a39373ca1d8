import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'

import { silentLogger } from '../../../../src/observability/logger.ts'
import { startKubernetesApi, type KubernetesApi } from '../../../../playground/kubernetes-api/server.ts'
import { ApiClient, mergePatch, type WatchEvent } from '../../contract/kubernetes-api/api-under-test.ts'
import { aWidget, widgetCrd, widgetsPath } from '../../contract/kubernetes-api/widget.ts'
import { eventually } from '../../../support/measures/eventually.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'
import { mulberry32 } from '../../../support/builders/seeded-random.ts'

const token = 'component-test-token'

/** What only the embedded server does or lets a test do; what it shares with a real one is in the contract suite. */
describe('the embedded Kubernetes API on its own', () => {
  let clock = new FakeClock()
  let api: KubernetesApi
  let client: ApiClient
  const start = async () => {
    clock = new FakeClock('2026-11-21T12:00:00Z')
    const random = mulberry32(7)
    api = await startKubernetesApi({ clock, random, logger: silentLogger, token, crds: [widgetCrd] })
    client = new ApiClient({ url: api.url, caPem: api.caPem, token })
  }
  const stop = async () => {
    await client.close()
    await api.stop()
  }
  before(start)
  after(stop)
  beforeEach(async () => {
    await client.call('DELETE', widgetsPath)
  })

  test('serves the definitions that it was started with, at the time that it is given', async () => {
    const { body } = await client.call('POST', widgetsPath, aWidget('timed'))
    assert.equal(body.metadata?.creationTimestamp, '2026-11-21T12:00:00Z')
  })

  test('refuses to resume from before a compaction', async () => {
    const { body } = await client.call('POST', widgetsPath, aWidget('a'))
    api.compactWatchHistory()
    const path = `${widgetsPath}?watch=true&resourceVersion=${Number(body.metadata?.resourceVersion) - 1}`
    const [event] = await client.watch(path)
    assert.deepEqual([event?.type, event?.object.code], ['ERROR', 410])
  })

  test('a watch that is already open does not notice a compaction', async () => {
    const watching = client.watch(`${widgetsPath}?watch=true&resourceVersion=0`, (seen) => seen.length === 2)
    await client.call('POST', widgetsPath, aWidget('a'))
    api.compactWatchHistory()
    await client.call('PATCH', `${widgetsPath}/a`, { spec: { size: 6 } }, mergePatch)
    assert.deepEqual(
      (await watching).map(({ type }) => type),
      ['ADDED', 'MODIFIED'],
    )
  })

  test('an expired continue token says so, and how to go on', async () => {
    for (const name of ['a', 'b', 'c']) await client.call('POST', widgetsPath, aWidget(name))
    const first = await client.call('GET', `${widgetsPath}?limit=1`)
    await client.call('POST', widgetsPath, aWidget('d'))
    api.compactWatchHistory()
    const next = (continueToken = '') =>
      client.call('GET', `${widgetsPath}?continue=${encodeURIComponent(continueToken)}`)
    const expired = await next(first.body.metadata?.continue)
    assert.deepEqual([expired.status, expired.body.reason], [410, 'Expired'])
    const rest = await next(expired.body.metadata?.continue)
    assert.deepEqual(
      rest.body.items?.map(({ metadata }) => metadata?.name),
      ['b', 'c', 'd'],
    )
  })

  test('a quiet watch is sent a bookmark with the current version every minute', async () => {
    const seen: WatchEvent[] = []
    const watching = client.watch(`${widgetsPath}?watch=true&resourceVersion=0&allowWatchBookmarks=true`, (events) => {
      seen.splice(0, seen.length, ...events)
      return events.length === 2
    })
    await eventually('the watch is open', () => clock.pending >= 2)
    await clock.advance({ seconds: 61 })
    const { body } = await client.call('POST', '/api/v1/namespaces/default/configmaps', {
      metadata: { name: 'elsewhere' },
    })
    await clock.advance({ seconds: 60 })
    await watching
    assert.deepEqual(
      seen.map(({ type }) => type),
      ['BOOKMARK', 'BOOKMARK'],
    )
    assert.equal(seen[1]?.object.metadata?.resourceVersion, body.metadata?.resourceVersion)
  })

  test('a watch without a timeout ends within an hour all the same', async () => {
    const watching = client.watch(`${widgetsPath}?watch=true&resourceVersion=0`)
    await eventually('the watch is open', () => clock.pending >= 1)
    await clock.advance({ hours: 1 })
    assert.deepEqual(await watching, [])
    assert.equal(clock.pending, 0, 'no timer is left')
  })

  test('a namespace is emptied, waits for finalizers, and then goes', async () => {
    await client.call('POST', '/api/v1/namespaces', { metadata: { name: 'space' } })
    const held = { metadata: { name: 'held', finalizers: ['example.com/held'] } }
    await client.call('POST', '/api/v1/namespaces/space/configmaps', held)
    await client.call('POST', '/api/v1/namespaces/space/secrets', { metadata: { name: 'plain' } })
    await client.call('POST', widgetsPath.replace('default', 'space'), aWidget('w'))
    await client.call('DELETE', '/api/v1/namespaces/space')
    assert.equal((await client.call('GET', '/api/v1/namespaces/space/secrets/plain')).status, 404)
    assert.equal((await client.call('GET', `${widgetsPath.replace('default', 'space')}/w`)).status, 404)
    const still = await client.call('GET', '/api/v1/namespaces/space/configmaps/held')
    assert.ok(still.body.metadata?.deletionTimestamp)
    assert.equal((await client.call('GET', '/api/v1/namespaces/space')).status, 200)
    await client.call(
      'PATCH',
      '/api/v1/namespaces/space/configmaps/held',
      { metadata: { finalizers: null } },
      mergePatch,
    )
    await setImmediate()
    assert.equal((await client.call('GET', '/api/v1/namespaces/space')).status, 404)
  })

  test('never echoes the data of a Secret in a refusal', async () => {
    await client.call('POST', '/api/v1/namespaces/default/secrets', {
      metadata: { name: 's' },
      stringData: { a: 'hush-hush' },
    })
    const encoded = Buffer.from('hush-hush').toString('base64')
    const path = '/api/v1/namespaces/default/secrets/s'
    const answers = [
      await client.call('PATCH', `${path}?fieldValidation=Strict`, { zork: 1 }, mergePatch),
      await client.call('PATCH', path, { data: { b: '%' } }, mergePatch),
      await client.call('PATCH', path, { type: 'other' }, mergePatch),
      await client.call('POST', '/api/v1/namespaces/default/secrets', `{"stringData":{"a":"hush-hush"`),
    ]
    for (const { status, text } of answers) {
      assert.ok(status === 422 || status === 400, text)
      assert.ok(!text.includes('hush-hush') && !text.includes(encoded), text)
    }
  })

  test('refuses a body beyond 3 MiB', async () => {
    const { status, body } = await client.call('POST', widgetsPath, `"${'x'.repeat(3_200_000)}"`)
    assert.equal(status, 413)
    assert.deepEqual(
      [body.reason, body.message],
      ['RequestEntityTooLarge', 'Request entity too large: limit is 3145728'],
    )
  })

  test('refuses server-side apply as a media type that it does not know', async () => {
    await client.call('POST', widgetsPath, aWidget('a'))
    const options = { contentType: 'application/apply-patch+yaml' }
    const { status, body } = await client.call('PATCH', `${widgetsPath}/a?fieldManager=me`, aWidget('a'), options)
    assert.deepEqual([status, body.reason], [415, 'UnsupportedMediaType'])
  })

  test('stopping ends open watches, and may be done twice', async () => {
    const watching = client.watch(`${widgetsPath}?watch=true&resourceVersion=0`).catch(() => [])
    await eventually('the watch is open', () => clock.pending >= 1)
    await api.stop()
    await api.stop()
    assert.deepEqual(await watching, [])
    await client.close()
    await start()
  })
})
