import assert from 'node:assert/strict'
import { test } from 'node:test'

import { wantedProof } from '../../../../src/controller/facts/endpoint-proof.ts'
import type { ProbeOutcome } from '../../../../src/controller/facts/probe.ts'
import { viewProbe } from '../../../../src/controller/observe/view-probe.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'

const observed = anObservation().build()
const proof = wantedProof(observed, observed.keyring) ?? ''
const config = { confirmIntervalMs: 60_000, resyncIntervalMs: 600_000 }
const broken: ProbeOutcome = { healthy: false, cause: 'Answer', status: 502 }

function view(outcome: ProbeOutcome, { ageMs, passesWithoutRest = 0 }: { ageMs: number; passesWithoutRest?: number }) {
  return viewProbe({ probe: { proof, outcome, atMs: 1_000 }, passesWithoutRest }, observed, 1_000 + ageMs, config)
}

test('an object at rest tries again after a success of a minute ago, and after a failure of a resync ago', () => {
  assert.deepEqual(view({ healthy: true }, { ageMs: 59_999 }), { state: 'healthy' })
  assert.deepEqual(view({ healthy: true }, { ageMs: 60_000 }), { state: 'none' })
  const unhealthy = { state: 'unhealthy', cause: 'Answer', status: 502 }
  assert.deepEqual(view(broken, { ageMs: 599_999 }), { ...unhealthy, restingMs: 1 })
  assert.deepEqual(view(broken, { ageMs: 600_000 }), { state: 'none' })
})

test('what was learned is used, however slow the passes are: an object that goes on does not probe for ever', () => {
  assert.deepEqual(view({ healthy: true }, { ageMs: 3_600_000, passesWithoutRest: 1 }), { state: 'healthy' })
  assert.deepEqual(view(broken, { ageMs: 3_600_000, passesWithoutRest: 1 }), {
    state: 'unhealthy',
    cause: 'Answer',
    status: 502,
    restingMs: 0,
  })
})

function stateOf(recollection: Parameters<typeof viewProbe>[0]) {
  return viewProbe(recollection, observed, 1_001, config).state
}

test('of another address or secret, or of before somebody asked for a look, it says nothing', () => {
  const probe = { proof, outcome: { healthy: true }, atMs: 1_000 } as const
  assert.equal(stateOf({ probe, passesWithoutRest: 1 }), 'healthy')
  assert.equal(stateOf({ probe: { ...probe, proof: 'another' }, passesWithoutRest: 1 }), 'none')
  assert.equal(stateOf({ probe, passesWithoutRest: 1, look: { value: 'now', sinceMs: 1_001 } }), 'none')
  assert.equal(stateOf({ passesWithoutRest: 1 }), 'none')
})
