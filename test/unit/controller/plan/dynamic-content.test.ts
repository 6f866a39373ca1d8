import assert from 'node:assert/strict'
import { test } from 'node:test'

import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { found, missing } from '../../../../src/controller/facts/lookup.ts'
import type { DynamicView } from '../../../../src/controller/facts/observed.ts'
import { planDynamic } from '../../../../src/controller/plan/dynamic.ts'
import { maxLiveTokens, type DynamicEndpointEntry } from '../../../../src/contract/keyring/entry.ts'
import {
  aDynamicSecret,
  keyringTelling,
  observedWithDynamic,
  storesDynamic,
  tokenHash,
  toldToken,
  wantingDynamic,
  type DynamicSpec,
} from '../../../support/builders/a-dynamic-endpoint.ts'

const config = { ...shippedConfig, namespace: 'home', baseUrl: 'https://hooks.example.com' }
const ctx = { config, nowMs: Date.parse('2026-11-21T12:00:00Z') }
const inFourDays = '2026-11-25T12:00:00Z'
const lists = { previous: [], handledRequestIDs: [] }
const hashOf = (digit: string) => digit.repeat(64)

/** The plan for a Secret of now, the keyring's dynamic entry and a request. */
function planOf(secret: DynamicView['secret'], dynamic: DynamicEndpointEntry | undefined, spec: DynamicSpec = {}) {
  return planDynamic(
    wantingDynamic(spec).build(),
    observedWithDynamic({ secret }, { keyring: keyringTelling(dynamic) }),
    ctx,
  )
}

test('a Secret of ours that was emptied gets a token, though nothing in it differs from nothing', () => {
  const { token: _, uri: __, ...emptied } = aDynamicSecret()
  assert.deepEqual(planOf(found(emptied), undefined), storesDynamic({ cause: 'Created', ...lists }, emptied))
})

test('a request that is there from the start is only recorded, and revokes nothing of what was lost', () => {
  const spec: DynamicSpec = { tokenRequest: { id: 'r1', revokePrevious: 'Immediately' } }
  assert.deepEqual(
    planOf(missing, undefined, spec),
    storesDynamic({ previous: [], handledRequestIDs: ['r1'], cause: 'Created' }),
  )
  assert.deepEqual(
    planOf(missing, toldToken, spec),
    storesDynamic({ previous: [{ hash: tokenHash, notAfter: inFourDays }], handledRequestIDs: ['r1'], cause: 'Lost' }),
  )
})

test('a new request makes the content new and hands the Secret on as it was read', () => {
  const existing = aDynamicSecret({ resourceVersion: '8', labels: { team: 'ml' } })
  assert.deepEqual(
    planOf(found(existing), toldToken, { tokenRequest: { id: 'r1' } }),
    storesDynamic(
      { previous: [{ hash: tokenHash, notAfter: inFourDays }], handledRequestIDs: ['r1'], cause: 'Requested' },
      existing,
    ),
  )
})

test('no more former tokens are kept than receivers take, the newest first', () => {
  const previous = ['a', 'b', 'c', 'd'].map((digit) => ({ hash: hashOf(digit), notAfter: '2026-11-23T00:00:00Z' }))
  assert.equal(previous.length, maxLiveTokens)
  const existing = aDynamicSecret({ previous })
  assert.deepEqual(
    planOf(found(existing), toldToken, { tokenRequest: { id: 'r1' } }),
    storesDynamic(
      {
        previous: [{ hash: tokenHash, notAfter: inFourDays }, ...previous.slice(0, 3)],
        handledRequestIDs: ['r1'],
        cause: 'Requested',
      },
      existing,
    ),
  )
})

test('sixteen handled requests are remembered, and the oldest is forgotten for a new one', () => {
  const handledRequestIDs = Array.from({ length: 16 }, (_, index) => `r${index}`)
  const existing = aDynamicSecret({ handledRequestIDs })
  assert.deepEqual(
    planOf(found(existing), toldToken, { tokenRequest: { id: 'r16' } }),
    storesDynamic(
      {
        previous: [{ hash: tokenHash, notAfter: inFourDays }],
        handledRequestIDs: [...handledRequestIDs.slice(1), 'r16'],
        cause: 'Requested',
      },
      existing,
    ),
  )
})

test('what has ended already keeps its end, word for word, when a request ends all the others now', () => {
  const [ended, endsNow, later] = [
    { hash: hashOf('a'), notAfter: '2026-11-20T12:00:00Z' },
    { hash: hashOf('b'), notAfter: '2026-11-21T12:00:00.000Z' },
    { hash: hashOf('c'), notAfter: '2026-11-23T12:00:00Z' },
  ]
  const existing = aDynamicSecret({ previous: [ended, endsNow, later] })
  const tokens = [{ hash: tokenHash }, { hash: ended.hash }, { hash: endsNow.hash }, { hash: later.hash }]
  assert.deepEqual(
    planOf(found(existing), { tokens, audiences: [] }, { tokenRequest: { id: 'r1', revokePrevious: 'Immediately' } }),
    storesDynamic(
      {
        previous: [
          { hash: tokenHash, notAfter: '2026-11-21T12:00:00Z' },
          ended,
          endsNow,
          { ...later, notAfter: '2026-11-21T12:00:00Z' },
        ],
        handledRequestIDs: ['r1'],
        cause: 'Requested',
      },
      existing,
    ),
    'receivers still take them for current: they stay listed until that is told',
  )
})

test('of what receivers hold, only what has an end is remembered for a Secret that was lost', () => {
  const older = { hash: hashOf('a'), notAfter: '2026-11-23T00:00:00Z' }
  assert.deepEqual(
    planOf(missing, { tokens: [{ hash: tokenHash }, older], audiences: [] }),
    storesDynamic({
      previous: [{ hash: tokenHash, notAfter: inFourDays }, older],
      handledRequestIDs: [],
      cause: 'Lost',
    }),
  )
})
