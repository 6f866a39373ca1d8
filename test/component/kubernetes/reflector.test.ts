import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'

import type { KubernetesObject, ResourceKind } from '../../../src/kubernetes/client.ts'
import { openKubernetesClient } from '../../../src/kubernetes/open-client.ts'
import { Reflector, type ObjectChange, type ReflectorOptions } from '../../../src/kubernetes/reflector.ts'
import { silentLogger, type Logger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { ApiDouble, cut, hang, listOf, refuse } from '../../support/doubles/api-double.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'

interface Widget extends KubernetesObject {
  spec?: { size?: string }
}

const widget: ResourceKind = {
  group: 'example.io',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
}

function aWidget(
  name: string,
  resourceVersion: string,
  more: { uid?: string; namespace?: string; size?: string } = {},
) {
  const { uid = `uid-${name}`, namespace = 'ml', size } = more
  return { metadata: { namespace, name, uid, resourceVersion }, ...(size !== undefined && { spec: { size } }) }
}

async function setUp(t: TestContext, overrides: Partial<ReflectorOptions<Widget>> = {}, server?: string) {
  const double = await ApiDouble.start()
  t.after(() => double.close())
  const clock = new FakeClock()
  const metrics = createMetrics()
  const shared = { clock, random: () => 1, logger: silentLogger, metrics }
  const kubeconfigPath = await double.kubeconfig({}, server === undefined ? {} : { server })
  const client = await openKubernetesClient({ kubeconfigPath, userAgent: 'tester/1.0', ...shared })
  t.after(() => client.close())
  /** Reasons of failed lists and watches, in order; a pause follows each but the first 410. */
  const failures: unknown[] = []
  const logger: Logger = {
    ...silentLogger,
    debug: (details, message) => void (message === 'reflector.retried' && failures.push(details['reason'])),
    warn: (details, message) => void (message === 'reflector.retried' && failures.push(details['reason'])),
  }
  const changes: string[] = []
  const note = (change: ObjectChange<Widget>) => {
    const { name, uid, resourceVersion } = change.object.metadata
    changes.push(`${change.type} ${name} ${uid}@${resourceVersion}`)
  }
  const reflector = new Reflector<Widget>({ client, kind: widget, onChange: note, ...shared, logger, ...overrides })
  t.after(() => reflector.stop())
  return { double, clock, metrics, reflector, changes, failures }
}

const namesIn = (reflector: Reflector<Widget>) => reflector.store.list().map(({ metadata }) => metadata.name)

async function untilWatching(double: ApiDouble, count: number): Promise<void> {
  await eventually(`watch ${count}`, () => double.watches.length >= count)
}

test('all pages are listed, then the watch goes on from there', async (t) => {
  const { double, reflector, changes } = await setUp(t)
  double
    .expect('list', listOf([aWidget('a', '1')], '10', 'page-2'), listOf([aWidget('b', '2')], '10'))
    .expect('watch', double.openWatch())
  assert.equal(reflector.hasSynced(), false)
  reflector.start()
  await reflector.whenSynced()
  assert.deepEqual(namesIn(reflector), ['a', 'b'])
  await untilWatching(double, 1)
  assert.deepEqual(
    double.seen.map(({ query }) => Object.fromEntries(query)),
    [
      { limit: '500' },
      { limit: '500', continue: 'page-2' },
      { watch: 'true', resourceVersion: '10', allowWatchBookmarks: 'true', timeoutSeconds: '600' },
    ],
  )
  double.watch(0).send('ADDED', aWidget('c', '11'))
  double.watch(0).send('MODIFIED', aWidget('a', '12', { size: 'large' }))
  double.watch(0).send('DELETED', aWidget('b', '13'))
  await eventually('the last change', () => changes.length === 5)
  assert.deepEqual(changes, [
    'added a uid-a@1',
    'added b uid-b@2',
    'added c uid-c@11',
    'updated a uid-a@12',
    'deleted b uid-b@2',
  ])
  assert.deepEqual(namesIn(reflector).toSorted(), ['a', 'c'])
})

test('managedFields are dropped and transform decides what is kept', async (t) => {
  const { double, reflector } = await setUp(t, {
    transform: ({ metadata: { annotations: _annotations, ...metadata } }) => ({ metadata }),
    indexes: { byUid: ({ metadata }) => [metadata.uid ?? ''] },
  })
  const { metadata } = aWidget('a', '1')
  const object = {
    metadata: { ...metadata, annotations: { secret: 'yes' }, managedFields: [{ manager: 'kubectl' }] },
    spec: { size: 'large' },
  }
  double.expect('list', listOf([object], '10')).expect('watch', double.openWatch())
  reflector.start()
  await reflector.whenSynced()
  assert.deepEqual(reflector.store.byIndex('byUid', 'uid-a'), [{ metadata }])
})

test('a watch that the server ends goes on from the last bookmark, without a list', async (t) => {
  const { double, clock, reflector } = await setUp(t)
  double.expect('list', listOf([], '10')).expect('watch', double.openWatch(), double.openWatch())
  reflector.start()
  await untilWatching(double, 1)
  double.watch(0).send('BOOKMARK', { metadata: { resourceVersion: '99' } })
  await clock.advance({ minutes: 1 })
  double.watch(0).end()
  await untilWatching(double, 2)
  assert.equal(double.watch(1).request.query.get('resourceVersion'), '99')
  assert.equal(double.count('list'), 1)
})

for (const { name, fault } of [
  { name: 'a cut socket', fault: (double: ApiDouble) => double.watch(0).cut() },
  {
    name: 'half an event',
    fault: (double: ApiDouble) => (double.watch(0).sendRaw('{"type":"ADD'), double.watch(0).cut()),
  },
  { name: 'an event that is not JSON', fault: (double: ApiDouble) => double.watch(0).sendRaw('<html>\n') },
  {
    name: 'an error event other than 410',
    fault: (double: ApiDouble) => double.watch(0).send('ERROR', { code: 500, reason: 'InternalError' }),
  },
]) {
  test(`after ${name} the watch is resumed from the last event, after a pause`, async (t) => {
    const { double, clock, reflector, failures } = await setUp(t)
    double.expect('list', listOf([], '10')).expect('watch', double.openWatch(), double.openWatch())
    reflector.start()
    await untilWatching(double, 1)
    double.watch(0).send('ADDED', aWidget('a', '11'))
    await eventually('the event', () => reflector.store.size === 1)
    fault(double)
    await eventually('the pause', () => failures.length === 1)
    assert.equal(double.watches.length, 1)
    await clock.advance({ ms: 500 })
    await untilWatching(double, 2)
    assert.equal(double.watch(1).request.query.get('resourceVersion'), '11')
    assert.equal(double.count('list'), 1)
    assert.deepEqual(namesIn(reflector), ['a'])
  })
}

for (const { name, expire } of [
  {
    name: 'an error event',
    expire: (double: ApiDouble) => {
      double.watch(0).send('ERROR', { code: 410, reason: 'Expired' })
    },
  },
  {
    name: 'a refused watch',
    expire: (double: ApiDouble) => {
      double.expect('watch', refuse(410, 'Expired'))
      double.watch(0).end()
    },
  },
]) {
  test(`410 as ${name} leads to a list, and what was missed comes as changes`, async (t) => {
    const { double, clock, reflector, changes } = await setUp(t)
    double
      .expect('list', listOf([aWidget('stays', '1'), aWidget('goes', '2'), aWidget('changes', '3')], '10'))
      .expect('list', listOf([aWidget('stays', '1'), aWidget('changes', '15'), aWidget('comes', '16')], '20'))
      .expect('watch', double.openWatch())
    reflector.start()
    await untilWatching(double, 1)
    changes.length = 0
    await clock.advance({ minutes: 1 })
    expire(double)
    double.otherwise(({ verb }) => (verb === 'watch' ? double.openWatch() : undefined))
    await untilWatching(double, 2)
    assert.deepEqual(changes, ['deleted goes uid-goes@2', 'updated changes uid-changes@15', 'added comes uid-comes@16'])
    assert.equal(double.watch(1).request.query.get('resourceVersion'), '20')
  })
}

test('a server that answers every watch with 410 is not hammered', async (t) => {
  const { double, clock, reflector, failures } = await setUp(t)
  double.otherwise(({ verb }) => (verb === 'list' ? listOf([], '10') : refuse(410, 'Expired')))
  reflector.start()
  await eventually('the second failure', () => failures.length === 2)
  await settle()
  assert.equal(double.count('list'), 2, 'the first 410 is answered at once, the second with a pause')
  const startedMs = clock.now()
  while (failures.length < 12) await clock.advance({ ms: 100 })
  assert.ok(clock.now() - startedMs > 100_000, `ten more failures took ${clock.now() - startedMs} ms`)
})

test('a server that ends every watch at once is not hammered', async (t) => {
  const { double, clock, reflector, failures } = await setUp(t)
  double.otherwise(({ verb }) =>
    verb === 'list' ? listOf([], '10') : (response) => void response.writeHead(200).end(),
  )
  reflector.start()
  await eventually('the failure', () => failures.length === 1)
  await clock.advance({ ms: 499 })
  assert.deepEqual([failures, double.count('watch')], [['ShortWatch'], 1])
})

test('a list that fails is tried again until it succeeds', async (t) => {
  const { double, clock, metrics, reflector } = await setUp(t)
  double.expect('list', refuse(422, 'Invalid'), cut(), refuse(422, 'Invalid'), listOf([aWidget('a', '1')], '10'))
  double.expect('watch', double.openWatch())
  reflector.start()
  await eventually('the sync', async () => {
    await clock.advance({ ms: 100 })
    return reflector.hasSynced()
  })
  assert.deepEqual(namesIn(reflector), ['a'])
  assert.match((await metrics.expose()).text, /^gwh_reflector_failures_total\{reflector="widgets",cause="422"\} 2$/m)
})

test('a server that asks for patience with Retry-After gets it', async (t) => {
  const { double, clock, reflector, failures } = await setUp(t)
  double.expect('list', refuse(429, 'TooManyRequests', { 'retry-after': '20' }), listOf([], '10'))
  double.expect('watch', double.openWatch())
  reflector.start()
  await eventually('the failure', () => failures.length === 1)
  await clock.advance({ seconds: 19 })
  assert.equal(double.count('list'), 1)
  await clock.advance({ seconds: 1 })
  await reflector.whenSynced()
})

test('a failure that stays the same is a warning once', async (t) => {
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (details) => void warnings.push(String(details['reason'])) }
  const { double, clock, reflector } = await setUp(t, { logger })
  let reason = 'Forbidden'
  double.otherwise(() => refuse(403, reason))
  reflector.start()
  const until = (count: number) =>
    eventually(`list ${count}`, async () => {
      await clock.advance({ seconds: 1 })
      return double.count('list') >= count
    })
  await until(5)
  assert.deepEqual(warnings, ['Forbidden'])
  reason = 'Denied'
  await until(7)
  assert.deepEqual(warnings, ['Forbidden', 'Denied'])
})

test('a continue token that expires while paging leads to one list without pages', async (t) => {
  const { double, reflector } = await setUp(t)
  double
    .expect('list', listOf([aWidget('a', '1')], '10', 'page-2'), refuse(410, 'Expired'))
    .expect('list', listOf([aWidget('a', '1'), aWidget('b', '2')], '20'))
    .expect('watch', double.openWatch())
  reflector.start()
  await reflector.whenSynced()
  assert.deepEqual(namesIn(reflector), ['a', 'b'])
  assert.equal(double.seen[2]?.query.get('limit'), null)
})

test('a watch on which nothing is heard, not even bookmarks, is cut and resumed', async (t) => {
  const { double, clock, metrics, reflector, failures } = await setUp(t)
  double.expect('list', listOf([], '10')).expect('watch', double.openWatch(), double.openWatch())
  reflector.start()
  await untilWatching(double, 1)
  await clock.advance({ seconds: 149 })
  double.watch(0).send('BOOKMARK', { metadata: { resourceVersion: '12' } })
  await eventually('the bookmark', () => reflector.idleMs() === 0)
  await clock.advance({ seconds: 149 })
  assert.equal(reflector.idleMs(), 149_000)
  assert.match((await metrics.expose()).text, /^gwh_reflector_silence_seconds\{reflector="widgets"\} 149$/m)
  assert.equal(double.watch(0).closed, false, 'a bookmark is a sign of life')
  await clock.advance({ seconds: 1 })
  await eventually('the cut', () => double.watch(0).closed)
  await eventually('the pause', () => failures.length === 1)
  assert.deepEqual(failures, ['SilentWatch'])
  await clock.advance({ ms: 500 })
  await untilWatching(double, 2)
  assert.equal(double.watch(1).request.query.get('resourceVersion'), '12')
})

test('after five failures in a row the version itself is suspect, and a list starts afresh', async (t) => {
  const { double, clock, reflector } = await setUp(t)
  double.expect('list', listOf([], '10'), listOf([], '20'))
  double.expect('watch', ...Array.from({ length: 5 }, () => refuse(400, 'BadRequest')), double.openWatch())
  reflector.start()
  await eventually('the watch', async () => {
    await clock.advance({ seconds: 1 })
    return double.watches.length === 1
  })
  assert.equal(double.watch(0).request.query.get('resourceVersion'), '20')
})

test('an object that was deleted and made again between two lists is seen as both', async (t) => {
  const { double, reflector, changes } = await setUp(t)
  double
    .expect(
      'list',
      listOf([aWidget('a', '1', { uid: 'old' })], '10'),
      listOf([aWidget('a', '15', { uid: 'new' })], '20'),
    )
    .expect('watch', double.openWatch(), double.openWatch())
  reflector.start()
  await untilWatching(double, 1)
  double.watch(0).send('ERROR', { code: 410, reason: 'Expired' })
  await untilWatching(double, 2)
  assert.deepEqual(changes, ['added a old@1', 'deleted a old@1', 'added a new@15'])
  double.watch(1).send('DELETED', aWidget('a', '16', { uid: 'old' }))
  double.watch(1).send('ADDED', aWidget('b', '17'))
  await eventually('the events', () => changes.length === 4)
  assert.deepEqual(namesIn(reflector), ['a', 'b'], "a predecessor's delete does not take the successor away")
})

test('a handler that throws loses its own call only', async (t) => {
  const seen: string[] = []
  const { double, metrics, reflector } = await setUp(t, {
    onChange: ({ object }) => {
      seen.push(object.metadata.name)
      if (object.metadata.name === 'bad') throw new Error('handler broke')
    },
  })
  double.expect('list', listOf([aWidget('bad', '1'), aWidget('good', '2')], '10')).expect('watch', double.openWatch())
  reflector.start()
  await untilWatching(double, 1)
  double.watch(0).send('ADDED', aWidget('later', '11'))
  await eventually('the event', () => seen.length === 3)
  assert.equal(reflector.store.size, 3)
  assert.match(
    (await metrics.expose()).text,
    /gwh_reflector_failures_total\{reflector="widgets",cause="HandlerError"\} 1/,
  )
})

test('an object whose transform throws is left out rather than kept whole', async (t) => {
  const { double, reflector } = await setUp(t, {
    transform: (object) => {
      if (object.metadata.name === 'bad') throw new Error('transform broke')
      return object
    },
  })
  double.expect('list', listOf([aWidget('bad', '1'), aWidget('good', '2')], '10')).expect('watch', double.openWatch())
  reflector.start()
  await reflector.whenSynced()
  assert.deepEqual(namesIn(reflector), ['good'])
})

test('stop during a list, or during the opening of a watch, resolves at once and leaves nothing behind', async (t) => {
  for (const verb of ['list', 'watch'] as const) {
    const { double, clock, reflector, changes } = await setUp(t)
    double.expect('list', ...(verb === 'watch' ? [listOf([], '10')] : [])).expect(verb, hang())
    reflector.start()
    await eventually(`the ${verb}`, () => double.count(verb) === 1)
    await reflector.stop()
    assert.equal(clock.pending, 0)
    assert.deepEqual(changes, [])
  }
})

test('stop while a connection is being made, with TLS never answered, resolves at once', async (t) => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => void sockets.push(socket))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const { reflector } = await setUp(t, {}, `https://127.0.0.1:${(silent.address() as AddressInfo).port}`)
  reflector.start()
  await eventually('the connection', () => sockets.length > 0)
  const startedMs = performance.now()
  await reflector.stop()
  assert.ok(performance.now() - startedMs < 2_000, 'well before the connect timeout of five seconds')
})

test('stop closes the open watch, and nothing is reported afterwards', async (t) => {
  const { double, reflector, changes } = await setUp(t)
  double.expect('list', listOf([], '10')).expect('watch', double.openWatch())
  reflector.start()
  await untilWatching(double, 1)
  await reflector.stop()
  await eventually('the close', () => double.watch(0).closed)
  double.watch(0).send('ADDED', aWidget('late', '11'))
  await reflector.stop()
  assert.deepEqual(changes, [])
  assert.throws(() => reflector.start(), /already started/)
})

test('a namespace that may not be read does not keep the others unsynced, and is named', async (t) => {
  const { double, clock, reflector } = await setUp(t, { namespaces: ['open', 'shut'] })
  let allowed = false
  double.otherwise(({ verb, namespace = '' }) => {
    if (verb === 'watch') return double.openWatch()
    if (namespace === 'shut' && !allowed) return refuse(403, 'Forbidden')
    return listOf([aWidget('a', '1', { namespace, uid: `${namespace}-uid` })], '10')
  })
  reflector.start()
  await reflector.whenSynced()
  assert.equal(reflector.hasSynced('open'), true)
  assert.equal(reflector.hasSynced('shut'), false)
  assert.equal(reflector.hasSynced(), false)
  assert.deepEqual(reflector.unsynced(), [{ namespace: 'shut', reason: 'Forbidden' }])
  assert.equal(reflector.store.size, 1)
  allowed = true
  await eventually('the other namespace', async () => {
    await clock.advance({ seconds: 1 })
    return reflector.hasSynced()
  })
  assert.deepEqual(reflector.unsynced(), [])
  assert.equal(reflector.store.list('shut').length, 1)
})

test('a relist of one namespace leaves the objects of the others alone', async (t) => {
  const { double, reflector, changes } = await setUp(t, { namespaces: ['one', 'two'] })
  const lists: Record<string, number> = {}
  double.otherwise(({ verb, namespace = '' }) => {
    if (verb === 'watch') return double.openWatch()
    lists[namespace] = (lists[namespace] ?? 0) + 1
    const objects = lists[namespace] === 1 ? [aWidget('a', '1', { namespace, uid: namespace })] : []
    return listOf(objects, '10')
  })
  reflector.start()
  await untilWatching(double, 2)
  double.watches.find(({ request }) => request.namespace === 'one')?.send('ERROR', { code: 410, reason: 'Expired' })
  await untilWatching(double, 3)
  assert.equal(changes.at(-1), 'deleted a one@1')
  assert.equal(reflector.store.list('two').length, 1)
})

test('a named object that does not exist is an empty, synced list', async (t) => {
  const { double, reflector, changes } = await setUp(t, { namespaces: ['ml'], fieldSelector: 'metadata.name=only' })
  double.expect('list', listOf([], '10')).expect('watch', double.openWatch())
  reflector.start()
  await reflector.whenSynced()
  assert.equal(reflector.store.size, 0)
  await untilWatching(double, 1)
  assert.equal(double.watch(0).request.query.get('fieldSelector'), 'metadata.name=only')
  double.watch(0).send('ADDED', aWidget('only', '11'))
  await eventually('the object', () => changes.length === 1)
})

test('whenSynced ends with its signal, and when the reflector stops first', async (t) => {
  const { double, reflector } = await setUp(t)
  double.expect('list', hang())
  reflector.start()
  const reason = new Error('no more patience')
  const impatient = new AbortController()
  const waiting = reflector.whenSynced(impatient.signal)
  impatient.abort(reason)
  await assert.rejects(waiting, reason)
  const other = assert.rejects(reflector.whenSynced(), /widgets was stopped before it had synced/)
  await reflector.stop()
  await other
})

test('of a listed object is kept what counts as soon as it comes, before its page has ended', async (t) => {
  const taken: string[] = []
  const transform = ({ metadata }: Widget): Widget => {
    taken.push(metadata.name)
    return { metadata }
  }
  const { double, reflector } = await setUp(t, { transform })
  const end = Promise.withResolvers<void>()
  const [first, second] = ['a', 'b'].map((name) => JSON.stringify(aWidget(name, '1', { size: 'x'.repeat(100_000) })))
  double.expect('list', (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(`{"metadata":{"resourceVersion":"5"},"items":[${first},`)
    void end.promise.then(() => response.end(`${second}]}`))
  })
  double.expect('watch', hang())
  reflector.start()
  await eventually('the first is taken', () => taken.length === 1)
  end.resolve()
  await reflector.whenSynced()
  assert.deepEqual(
    reflector.store.list().map(({ metadata, spec }) => [metadata.name, spec]),
    [
      ['a', undefined],
      ['b', undefined],
    ],
  )
})
