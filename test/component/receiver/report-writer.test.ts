import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'

import type { InboxStats, SinkBacklog } from '../../../src/inbox/port.ts'
import type { KubernetesClient } from '../../../src/kubernetes/client.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { EndpointActivity } from '../../../src/receiver/endpoint-activity.ts'
import { createReportWriter } from '../../../src/receiver/report-writer.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { aKeyringEntry, directoryOf } from '../../support/worlds/receiver-fixture.ts'

function aScene(given: { ownInbox?: boolean; sinks?: (pending: Map<string, number>) => SinkBacklog[] } = {}) {
  const clock = new FakeClock()
  const directory = directoryOf(aKeyringEntry())
  const activity = new EndpointActivity()
  const pendingByOwner = new Map<string, number>()
  const lastDropMsByOwner = new Map<string, number>()
  const patches: { target: unknown; type: string; report: unknown }[] = []
  let failures = 0
  const stored = new Map<string, string>()
  const client = {
    get: (_kind, { name }) =>
      Promise.resolve({ metadata: { name }, data: { 'receiver-0': stored.get(name) } } as never),
    patch: (kind, { namespace, name }, body, { type }) => {
      if (failures > 0) {
        failures--
        return Promise.reject(new Error('away'))
      }
      const { data } = body as { data: Record<string, string> }
      assert.deepEqual(Object.keys(data), ['receiver-0'], 'nobody else is touched')
      patches.push({ target: [kind.plural, namespace, name], type, report: JSON.parse(data['receiver-0'] ?? '') })
      stored.set(name, data['receiver-0'] ?? '')
      return Promise.resolve({ metadata: { name }, data } as never)
    },
  } satisfies Pick<KubernetesClient, 'get' | 'patch'>
  const counts = { events: 0, bodyBytes: 0, pending: 0, deadLetters: 0, rememberedIds: 0, kept: 0, oldestPendingMs: 0 }
  const stats: InboxStats = { ...counts, pendingByOwner, byNamespace: new Map(), lastDropMsByOwner }
  const asked: (() => void)[] = []
  const writer = createReportWriter({
    client,
    namespace: 'gemini-webhook-system',
    podName: 'receiver-0',
    directory,
    activity,
    inbox: {
      stats: () => {
        const answer = Promise.resolve({ ...stats, pendingByOwner: new Map(pendingByOwner) })
        for (const then of asked) then()
        return answer
      },
    },
    ...(given.sinks && { sinks: { states: () => [], backlog: async () => given.sinks?.(pendingByOwner) ?? [] } }),
    ownInbox: given.ownInbox ?? false,
    clock,
    logger: silentLogger,
    metrics: createMetrics(),
  })
  const fail = (times: number) => (failures = times)
  const whenAsked = (then: () => void) => asked.push(then)
  return { clock, directory, activity, pendingByOwner, lastDropMsByOwner, patches, writer, fail, stored, whenAsked }
}

test('it writes its own key by merge patch, every five seconds at most and only what changed', async () => {
  const { clock, activity, patches, writer } = aScene()
  writer.start()
  activity.noteVerified('uid-1', clock.now())
  await clock.advance({ ms: 4_999 })
  assert.equal(patches.length, 0)
  await clock.advance({ ms: 1 })
  assert.deepEqual(patches, [
    {
      target: ['configmaps', 'gemini-webhook-system', 'gwh-receiver-reports-0'],
      type: 'merge',
      report: {
        time: '2026-11-21T12:00:00Z',
        foldsJobs: true,
        endpoints: { 'uid-1': { lastVerifiedTime: '2026-11-21T12:00:00Z', pending: 0 } },
      },
    },
  ])
  activity.noteVerified('uid-1', clock.now())
  await clock.advance({ seconds: 50 })
  assert.equal(patches.length, 1, 'still the same minute')
  activity.noteVerified('uid-1', clock.now() + 10_000)
  await clock.advance({ seconds: 5 })
  assert.equal(patches.length, 2)
})

test('dead letters that are dropped one after the other are told once an hour', async () => {
  const { clock, lastDropMsByOwner, patches, writer } = aScene()
  writer.start()
  for (let minute = 0; minute < 59; minute++) {
    lastDropMsByOwner.set('uid-1', clock.now())
    await clock.advance({ minutes: 1 })
  }
  const told = { endpoints: { 'uid-1': { lastDropTime: '2026-11-21T12:00:00Z', pending: 0 } } }
  assert.deepEqual(
    patches.map(({ report }) => report),
    [{ time: '2026-11-21T12:00:00Z', foldsJobs: true, ...told }],
  )
  await clock.advance({ minutes: 1 })
  lastDropMsByOwner.set('uid-1', clock.now())
  await clock.advance({ seconds: 5 })
  const again = { endpoints: { 'uid-1': { lastDropTime: '2026-11-21T13:00:00Z', pending: 0 } } }
  assert.deepEqual(patches.at(-1)?.report, { time: '2026-11-21T13:00:00Z', foldsJobs: true, ...again })
})

test('a route at the edge of its share costs a write when it is full first, and one when it is no longer', async () => {
  const { clock, activity, patches, writer } = aScene()
  writer.start()
  for (let minute = 0; minute < 30; minute += 1) {
    activity.noteFull('uid-1', clock.now())
    await clock.advance({ minutes: 1 })
  }
  assert.equal(patches.length, 1)
  await clock.advance({ minutes: 13 })
  assert.equal(patches.length, 1)
  await clock.advance({ minutes: 2 })
  assert.deepEqual(
    patches.map(({ report }) => (report as { endpoints: object }).endpoints),
    [{ 'uid-1': { refusingSince: '2026-11-21T12:00:00Z', pending: 0 } }, {}],
  )
  await writer.stop()
})

test('it says every hour that it is still there, however quiet it is', async () => {
  const { clock, patches, writer } = aScene()
  writer.start()
  await clock.advance({ seconds: 5 })
  await clock.advance({ minutes: 59 })
  assert.equal(patches.length, 1)
  await clock.advance({ minutes: 1 })
  assert.deepEqual(
    patches.map(({ report }) => report),
    [
      { time: '2026-11-21T12:00:00Z', foldsJobs: true, endpoints: {} },
      { time: '2026-11-21T13:00:00Z', foldsJobs: true, endpoints: {} },
    ],
  )
})

test('it waits longer while the API server is away, and tells everything once it is back', async () => {
  const { clock, activity, patches, writer, fail } = aScene()
  writer.start()
  activity.noteRefused('uid-1', clock.now())
  fail(3)
  await clock.advance({ seconds: 5 + 10 + 20 })
  assert.equal(patches.length, 0)
  await clock.advance({ seconds: 39 })
  assert.equal(patches.length, 0, 'the next try comes 40 s after the third failure')
  await clock.advance({ seconds: 1 })
  assert.equal(patches.length, 1)
  activity.noteKept('uid-1')
  await clock.advance({ seconds: 5 })
  assert.equal(patches.length, 2, 'back to the usual pace')
})

test('what it heard of an endpoint that is gone is forgotten', async () => {
  const { clock, activity, patches, writer } = aScene()
  activity.noteVerified('uid-gone', clock.now())
  writer.start()
  await clock.advance({ seconds: 5 })
  assert.deepEqual(
    patches.map(({ report }) => report),
    [{ time: '2026-11-21T12:00:00Z', foldsJobs: true, endpoints: {} }],
  )
  assert.deepEqual([...activity.entries()], [])
})

test('stopping writes what is new once more, says that it was the last, and leaves no timer', async () => {
  const { clock, pendingByOwner, patches, writer } = aScene()
  writer.start()
  await clock.advance({ seconds: 5 })
  pendingByOwner.set('uid-1', 2)
  await writer.stop()
  await settle()
  assert.deepEqual(patches.at(-1)?.report, {
    time: '2026-11-21T12:00:00Z',
    foldsJobs: true,
    stopped: true,
    endpoints: { 'uid-1': { pending: 2 } },
  })
  assert.equal(clock.pending, 0)
})

test('a receiver with an inbox of its own says so, and its last report says that it ended', async () => {
  const { clock, pendingByOwner, patches, writer } = aScene({ ownInbox: true })
  writer.start()
  pendingByOwner.set('uid-1', 3)
  await clock.advance({ seconds: 5 })
  await writer.stop()
  const endpoints = { 'uid-1': { pending: 3 } }
  assert.deepEqual(
    patches.map(({ report }) => report),
    [
      { time: '2026-11-21T12:00:00Z', ownInbox: true, foldsJobs: true, endpoints },
      { time: '2026-11-21T12:00:00Z', ownInbox: true, foldsJobs: true, stopped: true, endpoints },
    ],
  )
})

test('a report that somebody removed is written again, as it was: after ten seconds while it is new, then within a minute', async () => {
  const { clock, patches, writer, stored } = aScene()
  writer.start()
  await clock.advance({ seconds: 5 })
  stored.clear()
  await clock.advance({ seconds: 5 })
  assert.equal(patches.length, 1)
  await clock.advance({ seconds: 5 })
  assert.equal(patches.length, 2)
  await clock.advance({ seconds: 10 })
  stored.clear()
  await clock.advance({ seconds: 55 })
  assert.equal(patches.length, 2)
  await clock.advance({ seconds: 10 })
  assert.equal(patches.length, 3)
})

test('a large report is written less often: etcd keeps each version whole', async () => {
  const { clock, pendingByOwner, patches, writer } = aScene()
  const uid = randomUUID()
  for (let n = 0; n < 20_000; n++) pendingByOwner.set(n === 0 ? uid : randomUUID(), 1)
  const bytes = () => JSON.stringify(patches.at(-1)?.report).length
  writer.start()
  await clock.advance({ seconds: 5 })
  assert.ok(bytes() > 500 * 1024, String(bytes()))
  let rounds = 0
  for (; patches.length < 3 && rounds < 60; rounds++) {
    pendingByOwner.set(uid, rounds + 2)
    await clock.advance({ seconds: 5 })
  }
  assert.ok((rounds * 5) / 2 >= bytes() / (32 * 1024), `${rounds} rounds for two more`)
  assert.equal(patches.length, 3)
})

test('what an object and what its sinks have pending are of one moment', async () => {
  const { clock, pendingByOwner, patches, writer, whenAsked } = aScene({
    sinks: (pending) =>
      [...pending].map(([ownerUid, count]) => ({ ownerUid, sink: 'worker', pending: count, deadLetters: 0 })),
  })
  pendingByOwner.set('uid-1', 1)
  // A delivery is stored right after the inbox was asked.
  whenAsked(() => queueMicrotask(() => pendingByOwner.set('uid-1', 2)))
  writer.start()
  await clock.advance({ seconds: 5 })
  const { time: _time, ...report } = (patches[0]?.report ?? {}) as Record<string, unknown>
  assert.deepEqual(report, {
    foldsJobs: true,
    endpoints: { 'uid-1': { pending: 1 } },
    sinks: { 'uid-1': { worker: { pending: 1, unseen: true } } },
  })
})

test('a receiver that finds no sign of any other for longer than Google retries says so, and says it for its whole life', async () => {
  const { clock, patches, writer, stored, pendingByOwner } = aScene()
  stored.set('gwh-receiver-reports-0', JSON.stringify({ time: '2026-11-20T10:00:00Z', endpoints: {} }))
  writer.start()
  await clock.advance({ seconds: 5 })
  const away = { since: '2026-11-20T10:00:00Z', until: '2026-11-21T12:00:00Z' }
  assert.deepEqual(patches[0]?.report, { time: '2026-11-21T12:00:00Z', foldsJobs: true, away, endpoints: {} })
  pendingByOwner.set('uid-1', 3)
  await clock.advance({ minutes: 2 })
  const [, last] = patches
  assert.deepEqual((last?.report as { away?: object } | undefined)?.away, away)
})
