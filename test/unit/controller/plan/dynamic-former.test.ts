import assert from 'node:assert/strict'
import { test } from 'node:test'

import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { found, missing } from '../../../../src/controller/facts/lookup.ts'
import { planDynamic, planDynamicProblem } from '../../../../src/controller/plan/dynamic.ts'
import {
  aDynamicSecret,
  dynamicToken,
  keyringTelling,
  observedWithDynamic,
  storesDynamic,
  wantingDynamic,
} from '../../../support/builders/a-dynamic-endpoint.ts'
import { aFailure } from '../../../support/builders/an-observation.ts'

const config = { ...shippedConfig, namespace: 'home', baseUrl: 'https://hooks.example.com' }
const ctx = { config, nowMs: Date.parse('2026-11-21T12:00:00Z') }
const lists = { previous: [], handledRequestIDs: [] }
const failed = { state: 'failed', failure: aFailure() } as const

const renamed = { name: 'former', secret: found(aDynamicSecret()) }
for (const { what, dynamic, changes } of [
  { what: 'it cannot be read itself', dynamic: { secret: missing, former: { name: 'former', secret: failed } } },
  { what: 'the new one cannot be read', dynamic: { secret: failed, former: renamed } },
  {
    what: 'the new name belongs to somebody else',
    dynamic: { secret: found(aDynamicSecret({ ownership: 'stranger' })), former: renamed },
  },
  {
    what: 'the address is not allowed',
    dynamic: { secret: missing, former: renamed },
    changes: { endpoint: { state: 'invalid', message: 'not allowed' } },
  },
] as const) {
  test(`a Secret under the former name stays while ${what}: nothing else holds the token`, () => {
    assert.equal(planDynamic(wantingDynamic().build(), observedWithDynamic(dynamic, changes), ctx), undefined)
  })
}

test('a former Secret that cannot be read is told and read again, where the one of now is to be made of it', () => {
  const former = { name: 'former', secret: failed }
  const problem = planDynamicProblem(wantingDynamic().build(), observedWithDynamic({ secret: missing, former }), ctx)
  assert.deepEqual(problem, {
    actions: [],
    finding: { type: 'Progressing', reason: 'RemoteUnavailable', message: 'Google is away' },
    next: { type: 'retry' },
  })
  assert.equal(
    planDynamicProblem(wantingDynamic().build(), observedWithDynamic({ former }), ctx),
    undefined,
    'it is not needed',
  )
})

test('a former name that is the signing secret’s own is left alone', () => {
  const former = { name: 'batch-events-signing-secret', secret: found(aDynamicSecret()) }
  assert.equal(planDynamic(wantingDynamic().build(), observedWithDynamic({ former }), ctx), undefined)
})

test('a stranger’s Secret under the former name gives no token', () => {
  const former = { name: 'former', secret: found(aDynamicSecret({ ownership: 'stranger' })) }
  const observed = observedWithDynamic(
    { secret: missing, former, entry: undefined },
    { keyring: keyringTelling(undefined) },
  )
  assert.deepEqual(planDynamic(wantingDynamic().build(), observed, ctx), storesDynamic({ cause: 'Created', ...lists }))
})

test('an inherited Secret under the former name gives its token', () => {
  const former = { name: 'former', secret: found(aDynamicSecret({ ownership: 'inherited' })) }
  const observed = observedWithDynamic({ secret: missing, former })
  assert.deepEqual(
    planDynamic(wantingDynamic().build(), observed, ctx),
    storesDynamic({ token: dynamicToken, cause: 'Updated', ...lists }),
  )
})

test('where the Secret of now is there, one of a former name that cannot be read holds nothing up', () => {
  const existing = aDynamicSecret({ uri: 'https://old.example.com/' })
  const observed = observedWithDynamic({ secret: found(existing), former: { name: 'former', secret: failed } })
  assert.deepEqual(
    planDynamic(wantingDynamic().build(), observed, ctx),
    storesDynamic({ token: dynamicToken, cause: 'Updated', ...lists }, existing),
  )
})
