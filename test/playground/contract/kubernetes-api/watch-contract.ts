import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { mergePatch, type ApiClient, type WatchEvent } from './api-under-test.ts'
import { assertStatus, createWidget } from './objects-contract.ts'
import { widgetsPath } from './widget.ts'

const summary = (events: WatchEvent[]) => events.map(({ type, object }) => `${type} ${object.metadata?.name ?? ''}`)

const shaped = (shape: string) => ({ accept: `application/json;as=${shape};v=v1;g=meta.k8s.io` })

export function watchContract(client: () => ApiClient): void {
  /** Widgets that carry a label of their own, so that tests do not see each other's. */
  const group = () => {
    const label = client().newName('watch')
    const selector = `labelSelector=group%3D${label}`
    const create = (labels: object = {}) => createWidget(client(), { size: 5 }, { labels: { group: label, ...labels } })
    return { selector, create }
  }
  const currentVersion = async () =>
    (await client().call('GET', `${widgetsPath}?limit=1`)).body.metadata?.resourceVersion

  describe('watching', () => {
    test('resumes after a version with every change since', async () => {
      const { selector, create } = group()
      const { name } = await create()
      const version = await currentVersion()
      await client().call('PATCH', `${widgetsPath}/${name}`, { spec: { size: 6 } }, mergePatch)
      const other = await create()
      await client().call('DELETE', `${widgetsPath}/${name}`)
      const events = await client().watch(
        `${widgetsPath}?watch=true&resourceVersion=${version}&${selector}`,
        (seen) => seen.length === 3,
      )
      assert.deepEqual(summary(events), [`MODIFIED ${name}`, `ADDED ${other.name}`, `DELETED ${name}`])
      const versions = events.map(({ object }) => Number(object.metadata?.resourceVersion))
      assert.deepEqual(
        versions,
        versions.toSorted((a, b) => a - b),
        'versions only grow, the deletion has one of its own',
      )
      assert.equal(events[0]?.object.spec?.['size'], 6)
    })

    test('sees changes as they happen', async () => {
      const { selector, create } = group()
      const version = await currentVersion()
      const watching = client().watch(
        `${widgetsPath}?watch=true&resourceVersion=${version}&${selector}`,
        (seen) => seen.length === 2,
      )
      const { name } = await create()
      await client().call('PATCH', `${widgetsPath}/${name}/status`, { status: { observedGeneration: 1 } }, mergePatch)
      assert.deepEqual(summary(await watching), [`ADDED ${name}`, `MODIFIED ${name}`])
    })

    for (const version of ['', '&resourceVersion=0']) {
      test(`without a version begins with what is there (${version})`, async () => {
        const { selector, create } = group()
        const first = await create()
        const second = await create()
        const events = await client().watch(`${widgetsPath}?watch=true&timeoutSeconds=1&${selector}${version}`)
        assert.deepEqual(summary(events), [`ADDED ${first.name}`, `ADDED ${second.name}`])
      })
    }

    test('ends after timeoutSeconds', async () => {
      const version = await currentVersion()
      const started = performance.now()
      await client().watch(`${widgetsPath}?watch=true&resourceVersion=${version}&timeoutSeconds=1&${group().selector}`)
      assert.ok(performance.now() - started < 10_000)
    })

    test('a version older than the history is told 410 in the stream', async () => {
      const [event, ...more] = await client().watch(`${widgetsPath}?watch=true&resourceVersion=1&timeoutSeconds=5`)
      assert.equal(event?.type, 'ERROR')
      assert.equal(event.object.kind, 'Status')
      assert.equal(event.object.code, 410)
      assert.equal(event.object.reason, 'Expired')
      assert.match(event.object.message ?? '', /^too old resource version: 1 \(\d+\)$/)
      assert.deepEqual(more, [])
    })

    test('an object that stops matching is deleted for the watcher, one that begins to is added', async () => {
      const { selector, create } = group()
      const { name } = await create({ tier: 'x' })
      const version = await currentVersion()
      const label = (tier: string) =>
        client().call('PATCH', `${widgetsPath}/${name}`, { metadata: { labels: { tier } } }, mergePatch)
      await label('y')
      await label('x')
      const events = await client().watch(
        `${widgetsPath}?watch=true&resourceVersion=${version}&${selector}%2Ctier%3Dx`,
        (seen) => seen.length === 2,
      )
      assert.deepEqual(summary(events), [`DELETED ${name}`, `ADDED ${name}`])
      assert.equal(events[0]?.object.metadata?.labels?.['tier'], 'x', 'its last state that matched')
    })

    test('sendInitialEvents ends what is there with a bookmark', async () => {
      const { create } = group()
      const { name } = await create()
      const query = `watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`
      const events = await client().watch(
        `${widgetsPath}?${query}&fieldSelector=metadata.name%3D${name}`,
        (seen) => seen.length === 2,
      )
      assert.deepEqual(
        events.map(({ type }) => type),
        ['ADDED', 'BOOKMARK'],
      )
      const { kind, metadata } = events[1]?.object ?? {}
      assert.equal(kind, 'Widget')
      assert.deepEqual(metadata?.annotations, { 'k8s.io/initial-events-end': 'true' })
      assert.match(metadata?.resourceVersion ?? '', /^\d+$/)
    })

    test('sendInitialEvents must say which versions it accepts', async () => {
      const answer = await client().call(
        'GET',
        `${widgetsPath}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true`,
      )
      assertStatus(
        answer,
        422,
        'Invalid',
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      )
    })

    test('metadata only, and as table rows', async () => {
      const { selector, create } = group()
      const { name } = await create()
      const path = `${widgetsPath}?watch=true&timeoutSeconds=2&${selector}`
      const [partial] = await client().watch(path, (seen) => seen.length === 1, shaped('PartialObjectMetadata'))
      assert.equal(partial?.object.kind, 'PartialObjectMetadata')
      assert.equal(partial.object.metadata?.name, name)
      assert.equal(partial.object.spec, undefined)
      const [row] = await client().watch(path, (seen) => seen.length === 1, shaped('Table'))
      assert.equal(row?.type, 'ADDED')
      assert.equal(row.object.kind, 'Table')
    })

    test('a selector that does not parse is refused before the stream begins', async () => {
      const answer = await client().call('GET', `${widgetsPath}?watch=true&labelSelector=%3Da`)
      assertStatus(answer, 400, 'BadRequest', "found '=', expected: !, identifier, or 'end of string'")
    })
  })
}
