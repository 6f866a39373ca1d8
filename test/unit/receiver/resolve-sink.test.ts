import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { KeyringEntry, ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { resolveSink } from '../../../src/receiver/resolve-sink.ts'

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

function directoryWith({ isGone }: { isGone: boolean }) {
  return { isGone: () => isGone, entryOf: (uid: string) => (uid === entry.uid ? entry : undefined) }
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
