import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createLeaseElector, type LeaseElectorOptions } from '../../../src/kubernetes/lease-elector.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'
import { LeaseDouble } from '../../support/doubles/lease-double.ts'

/** A candidate whose work runs until it is told to stop and the test lets it end. */
function aCandidate(
  lease: LeaseDouble,
  clock: FakeClock,
  identity: string,
  overrides: Partial<LeaseElectorOptions> = {},
) {
  const connection = lease.client(identity)
  const stop = new AbortController()
  const events: string[] = []
  const mayEnd = Promise.withResolvers<void>()
  const elector = createLeaseElector({
    client: connection.client,
    key: { namespace: 'ops', name: 'leader' },
    identity,
    clock,
    random: () => 0,
    logger: silentLogger,
    metrics: createMetrics(),
    onStartedLeading: async (signal) => {
      events.push('leads')
      const told = Promise.withResolvers<void>()
      signal.addEventListener('abort', () => told.resolve())
      await told.promise
      events.push('told')
      await mayEnd.promise
      events.push('ended')
    },
    ...overrides,
  })
  const run = () => {
    const running = elector.run(stop.signal).then(
      () => void events.push('resolved'),
      (error: unknown) => void events.push(`rejected: ${error instanceof Error ? error.message : String(error)}`),
    )
    return running
  }
  return { connection, elector, events, run, stop: () => stop.abort(), endWork: () => mayEnd.resolve() }
}

function setUp() {
  const clock = new FakeClock()
  const lease = new LeaseDouble()
  return { clock, lease, a: aCandidate(lease, clock, 'a'), b: aCandidate(lease, clock, 'b') }
}

test('the first takes the lease and renews it; the second waits', async () => {
  const { clock, lease, a, b } = setUp()
  void a.run()
  await settle()
  void b.run()
  await clock.advance({ minutes: 10 })
  assert.deepEqual([a.events, b.events], [['leads'], []])
  assert.deepEqual([a.elector.isLeading, b.elector.isLeading], [true, false])
  assert.equal(lease.current?.spec?.holderIdentity, 'a')
  assert.equal(lease.writes, 1 + 300, 'one write each two seconds')
})

test('on stop the lease is renewed until the work has ended, then released, and the next takes over at once', async () => {
  const { clock, lease, a, b } = setUp()
  void a.run()
  await settle()
  void b.run()
  await clock.advance({ seconds: 10 })
  a.stop()
  await clock.advance({ minutes: 2 })
  assert.deepEqual(a.events, ['leads', 'told'])
  assert.deepEqual(b.events, [], 'the work of a still runs')
  a.endWork()
  await settle()
  assert.deepEqual(a.events, ['leads', 'told', 'ended', 'resolved'])
  assert.equal(lease.current?.spec?.holderIdentity, '')
  await clock.advance({ seconds: 2 })
  assert.deepEqual(b.events, ['leads'])
  assert.equal(lease.current?.spec?.leaseTransitions, 1)
})

test('a holder that fell silent keeps the lease for its whole duration from when the rival saw it change', async () => {
  const { clock, lease, a, b } = setUp()
  void a.run()
  await clock.advance({ seconds: 10 })
  a.connection.fault = 'unreachable'
  const ownClockIsFarAhead = { ...lease.current?.spec, renewTime: '2000-01-01T00:00:00.000000Z' }
  lease.current = lease.current && { ...lease.current, spec: ownClockIsFarAhead }
  await clock.advance({ seconds: 1 })
  void b.run()
  await clock.advance({ seconds: 29 })
  assert.deepEqual(b.events, [], "judged by b's own clock, not by the time in the record")
  await clock.advance({ seconds: 2 })
  assert.deepEqual(b.events, ['leads'])
})

test('a leader that cannot renew gives up before a rival may lead, and the two never lead together', async () => {
  const { clock, a, b } = setUp()
  const leading = new Set<string>()
  let most = 0
  const track = (name: string, events: string[]) => {
    if (events.at(-1) === 'leads' || events.at(-1) === 'told') leading.add(name)
    else leading.delete(name)
    most = Math.max(most, leading.size)
  }
  void a.run()
  void b.run()
  await clock.advance({ seconds: 10 })
  a.endWork()
  a.connection.fault = 'unreachable'
  for (let second = 0; second < 60; second += 1) {
    await clock.advance({ seconds: 1 })
    track('a', a.events)
    track('b', b.events)
  }
  assert.deepEqual(a.events, ['leads', 'told', 'ended', 'resolved'])
  assert.deepEqual(b.events, ['leads'])
  assert.equal(most, 1)
})

test('work that does not end before the lease runs out is an error, at that very moment', async () => {
  const { clock, a } = setUp()
  void a.run()
  await clock.advance({ seconds: 10 })
  a.connection.fault = 'unreachable'
  await clock.advance({ seconds: 29 })
  assert.deepEqual(a.events, ['leads', 'told'])
  await clock.advance({ seconds: 1 })
  assert.equal(a.events.length, 3)
  assert.match(
    a.events[2] ?? '',
    /^rejected: lease ops\/leader: work did not end before the lease ran out; exit at once/,
  )
})

test('renewals that fail for less than the deadline do not disturb the work', async () => {
  const { clock, a } = setUp()
  void a.run()
  await clock.advance({ seconds: 10 })
  a.connection.faults.push('unreachable', 'answerLost', 'unreachable', 'unreachable')
  await clock.advance({ minutes: 5 })
  assert.deepEqual(a.events, ['leads'])
})

test('a renewal whose answer was lost is recognised as our own by the next', async () => {
  const { clock, lease, a } = setUp()
  void a.run()
  await clock.advance({ seconds: 2 })
  a.connection.faults.push('answerLost')
  await clock.advance({ seconds: 4 })
  assert.deepEqual(a.events, ['leads'])
  assert.equal(lease.current?.spec?.leaseTransitions, 0)
})

test('a lease that another has taken is lost at once', async () => {
  const { clock, lease, a } = setUp()
  void a.run()
  await clock.advance({ seconds: 10 })
  const { metadata, spec } = lease.current ?? { metadata: { name: 'leader' } }
  lease.current = { metadata: { ...metadata, resourceVersion: 'theirs' }, spec: { ...spec, holderIdentity: 'thief' } }
  await clock.advance({ seconds: 2 })
  assert.deepEqual(a.events, ['leads', 'told'])
  a.endWork()
  await settle()
  assert.deepEqual(a.events.at(-1), 'resolved')
  assert.equal(lease.current.spec?.holderIdentity, 'thief', 'what is not ours is not released')
})

test('a stranger who edits the record costs a round, not the leadership', async () => {
  const { clock, lease, a } = setUp()
  void a.run()
  await clock.advance({ seconds: 10 })
  if (lease.current !== undefined) lease.current.metadata = { ...lease.current.metadata, resourceVersion: 'edited' }
  await clock.advance({ minutes: 1 })
  assert.deepEqual(a.events, ['leads'])
})

test('a deleted record is made again by its holder', async () => {
  const { clock, lease, a } = setUp()
  void a.run()
  await clock.advance({ seconds: 10 })
  lease.current = undefined
  await clock.advance({ seconds: 4 })
  assert.deepEqual(a.events, ['leads'])
  assert.equal(lease.current?.['spec']?.['holderIdentity'], 'a')
})

test('of two that find no lease at the same time one loses the race and waits', async () => {
  const { clock, a, b } = setUp()
  void a.run()
  void b.run()
  await clock.advance({ minutes: 1 })
  assert.equal(a.events.length + b.events.length, 1)
})

test('stop while waiting for the lease resolves without leading', async () => {
  const { clock, a, b } = setUp()
  void a.run()
  await settle()
  void b.run()
  await clock.advance({ seconds: 5 })
  b.stop()
  await settle()
  assert.deepEqual(b.events, ['resolved'])
})

test('a lease that is won in the moment of stopping is given back', async () => {
  const { lease, a } = setUp()
  void a.run()
  a.stop()
  await settle()
  await settle()
  assert.deepEqual(a.events, ['resolved'])
  assert.equal(lease.current?.spec?.holderIdentity ?? '', '')
})

test('work that fails releases the lease and fails the run', async () => {
  const clock = new FakeClock()
  const lease = new LeaseDouble()
  const a = aCandidate(lease, clock, 'a', { onStartedLeading: () => Promise.reject(new Error('work broke')) })
  void a.run()
  await settle()
  assert.deepEqual(a.events, ['rejected: work broke'])
  assert.equal(lease.current?.spec?.holderIdentity, '')
})

test('times that cannot keep two leaders apart, and an empty identity, are refused when it is built', () => {
  const clock = new FakeClock()
  const lease = new LeaseDouble()
  assert.throws(
    () => aCandidate(lease, clock, 'a', { renewDeadlineMs: 30_000 }),
    /leaseDurationMs \(30000\) must be above/,
  )
  assert.throws(() => aCandidate(lease, clock, ''), /identity must not be empty/)
})
