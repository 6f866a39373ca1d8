import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { KeyringEntry, ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { resolveSink } from '../../../src/receiver/resolve-sink.ts'
import { routesSink } from '../../../src/routes/routes-sink.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'

const sink: ResolvedSink = {
  name: 'worker',
  destination: { type: 'http', url: 'http://worker.team.svc/events', reach: 'cluster' },
  format: 'CloudEventBinary',
  headers: {},
  delivery: {
    timeoutMs: 10_000,
    retry: 60,
    retryForMs: 86_400_000,
    backoffPolicy: 'Exponential',
    backoffDelayMs: 1000,
    backoffMaxMs: 1_800_000,
    retryAfterMaxMs: 300_000,
    maxInFlight: 64,
  },
}
const names = { uid: 'u1', namespace: 'team', name: 'batches' }
const entry: KeyringEntry = { ...names, secrets: [], sinks: [sink], heldSinks: ['faulty'] }

interface Known {
  isGone: boolean
  isSynced?: boolean
  isRead?: boolean
}

function directoryWith({ isGone, isSynced = true, isRead = true }: Known, known = entry) {
  return {
    isGone: () => isGone,
    isRead: () => isRead,
    isSynced,
    entryOf: (uid: string) => (uid === known.uid ? known : undefined),
  }
}

const cases = [
  { name: 'the sink as it is configured now', uid: 'u1', sink: 'worker', isGone: false, want: sink },
  { name: 'a sink that is no longer in the spec', uid: 'u1', sink: 'old', isGone: false, want: 'sinkRemoved' },
  { name: 'a sink that cannot be resolved now', uid: 'u1', sink: 'faulty', isGone: true, want: 'held' },
  { name: 'an object that is not there', uid: 'u2', sink: 'worker', isGone: true, want: 'ownerGone' },
  { name: 'an object that may still be to come', uid: 'u2', sink: 'worker', isGone: false, want: 'notSynced' },
]
for (const { name, uid, sink: sinkName, isGone, want } of cases) {
  test(`finds ${name}`, () => assert.deepEqual(resolveSink(directoryWith({ isGone }), uid, sinkName), want))
}

test('a sink that is suspended is told apart from one that cannot be resolved, and goes on with a new retryFor', () => {
  const paused = { ...entry, sinks: [], heldSinks: ['worker'] }
  const directory = directoryWith({ isGone: false }, { ...paused, suspensions: [{ sink: 'worker', suspended: true }] })
  assert.equal(resolveSink(directory, 'u1', 'worker'), 'suspended')
  const resumed = { ...entry, suspensions: [{ sink: 'worker', resumedTime: '2026-11-21T12:00:00.000Z' }] }
  assert.deepEqual(resolveSink(directoryWith({ isGone: false }, resumed), 'u1', 'worker'), {
    ...sink,
    delivery: { ...sink.delivery, retryFromMs: Date.parse('2026-11-21T12:00:00Z') },
  })
})

test('a receiver that knows nothing of suspended sinks holds what is for them', () => {
  const { suspensions: _unknown, ...asBefore } = {
    ...entry,
    sinks: [],
    heldSinks: ['worker'],
    suspensions: [{ sink: 'worker', suspended: true }],
  }
  assert.equal(resolveSink(directoryWith({ isGone: false }, asBefore), 'u1', 'worker'), 'held')
})

test('hands events on to routes once all routes are known', () => {
  assert.equal(resolveSink(directoryWith({ isGone: false, isSynced: false }), 'u1', '$routes'), 'notSynced')
  assert.equal(resolveSink(directoryWith({ isGone: false }), 'u1', '$routes'), routesSink)
  assert.equal(resolveSink(directoryWith({ isGone: true }), 'u2', '$routes'), 'ownerGone')
})

const ofRoute = [
  { name: 'a sink of a route', given: {}, sink: 'worker', want: sink },
  { name: 'a sink of a route that is refused', given: { refused: true }, sink: 'worker', want: 'routeRefused' },
  { name: 'a sink that cannot be resolved, of one refused', given: { refused: true }, sink: 'x', want: 'routeRefused' },
  { name: 'a sink of a route that is suspended', given: { suspended: true }, sink: 'worker', want: 'suspended' },
  {
    name: 'a sink of a route that is both: what waits must not wait for ever',
    given: { refused: true, suspended: true },
    sink: 'worker',
    want: 'routeRefused',
  },
  {
    name: 'a sink of a route that went on, for which older deliveries begin anew',
    given: { resumedTime: '2026-11-21T12:00:00Z' },
    sink: 'worker',
    want: { ...sink, delivery: { ...sink.delivery, retryFromMs: Date.parse('2026-11-21T12:00:00Z') } },
  },
] as const
for (const { name, given, sink: sinkName, want } of ofRoute) {
  const route = aRouteEntry({ uid: 'u3', sinks: [sink], heldSinks: ['x'], route: given })
  test(`finds ${name}`, () => {
    assert.deepEqual(resolveSink(directoryWith({ isGone: false }, route), 'u3', sinkName), want)
  })
}

test('a route that is known by a mount alone is not sent to: it may be from before consent was withdrawn', () => {
  const route = aRouteEntry({ uid: 'u3', sinks: [sink] })
  assert.equal(resolveSink(directoryWith({ isGone: false, isRead: false }, route), 'u3', 'worker'), 'notSynced')
  assert.equal(resolveSink(directoryWith({ isGone: false, isRead: false }), 'u1', 'worker'), sink)
})
