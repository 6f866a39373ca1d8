import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { geminiWebhookCrd } from '../../../../src/api/crd.ts'
import type { GeminiWebhookSpec } from '../../../../src/api/spec.ts'
import type { ActionState } from '../../../../src/controller/apply/action-state.ts'
import { withFirstSecret } from '../../../../src/controller/apply/actions/intent.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import type { PassContext } from '../../../../src/controller/apply/pass-context.ts'
import { summarize } from '../../../../src/controller/status/summarize.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import {
  anObservation,
  aRemote,
  currentSecret,
  live,
  otherSecret,
  proof,
} from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const handled = 'handled-before'
/** Rotated two days ago. */
const rested = aWebhook()
  .registered({ checkedSpec: proof, name: aRemote().name ?? '' })
  .status({ rotation: { lastRotationTime: '2026-11-19T12:00:00Z', handledRequestIDs: [handled] } })

const label = fc.string({ unit: fc.constantFrom('a', 'b', '-', '7'), minLength: 1, maxLength: 8 })
const pairs = fc.dictionary(label, label, { maxKeys: 3 })
const windowEdits = fc.array(
  fc.record({
    cron: fc.constantFrom('0 2 * * *', '* * * * *', '0 0 30 2 *', 'x'),
    duration: fc.constant('4h'),
    timeZone: fc.constant('Europe/Berlin'),
  }),
  { maxLength: 2 },
)

/**
 * Every field of the spec. Rotation too, except for what is meant to rotate: a new request id, an interval that has
 * passed.
 */
const specEdits: fc.Arbitrary<Partial<GeminiWebhookSpec>> = fc.record(
  {
    apiKeySecretRef: fc.record({ name: label, key: label }),
    events: fc.constantFrom(['batch.failed'], ['batch.succeeded', 'video.generated'], undefined),
    displayName: label,
    state: fc.constantFrom('Enabled', 'Disabled'),
    endpoint: fc.constantFrom({ hostname: 'other.example.com' }, { url: 'https://mine.example.com/x' }),
    signingSecret: fc.record(
      {
        name: label,
        labels: pairs,
        annotations: pairs,
        template: fc.constantFrom(
          { keys: [{ key: '.env', format: 'DotEnv' as const, variable: 'SECRET', secret: 'Previous' as const }] },
          {
            keys: [
              { key: 'raw', format: 'Base64' as const },
              { key: 'j.son', format: 'JSON' as const },
            ],
          },
        ),
      },
      { requiredKeys: [] },
    ),
    backfill: fc.record(
      {
        interval: fc.constantFrom('5m', '1h'),
        lookback: fc.constantFrom('72h', '336h'),
        grace: fc.constantFrom('5m', '2h'),
        request: fc.record({ id: fc.constantFrom(handled, 'other'), since: fc.constant('2026-11-20T00:00:00Z') }),
      },
      { requiredKeys: [] },
    ),
    rotation: fc.record(
      {
        interval: fc.constantFrom('48h', '2160h', '99999h'),
        windows: windowEdits,
        request: fc.record({
          id: fc.constant(handled),
          revokePrevious: fc.constantFrom('AfterGracePeriod', 'Immediately'),
          window: fc.constantFrom('Now', 'Next'),
        }),
      },
      { requiredKeys: [] },
    ),
    endpointCheck: fc.constantFrom('Never', 'OnChange', 'Periodic'),
    autoReenable: fc.constantFrom('Never', 'WhenHealthy'),
    externalID: fc.constantFrom('wh0123', aRemote().id),
    adoptionPolicy: fc.constantFrom('CreateOnly', 'CreateOrReadopt', 'AdoptOnly', 'TakeOver'),
    deletionPolicy: fc.constantFrom('Delete', 'Retain'),
    driftPolicy: fc.constantFrom('Correct', 'Report'),
    dynamic: fc.record(
      {
        secretName: label,
        audiences: fc.constantFrom(['https://hooks.example.com']),
        tokenRequest: fc.record({ id: label, revokePrevious: fc.constantFrom('AfterGracePeriod', 'Immediately') }),
      },
      { requiredKeys: [] },
    ),
    sinks: fc.constantFrom(
      [],
      [{ name: 'cluster', kubernetesEvent: {} }],
      [{ name: 'chat', uriSecretRef: { name: 'chat', key: 'url' } }],
      [
        {
          name: 'worker',
          uri: 'https://worker.example.com/',
          deadLetter: {
            uri: 'https://dead.example.com/',
            auth: { headersSecretRef: { name: 'dead' } },
            transform: { body: 'event.deadletterreason' },
          },
        },
      ],
      [
        {
          name: 'cluster',
          kubernetesEvent: {},
          suspend: true,
          delivery: { ratePerSecond: 0.5 },
          filter: { types: { suffix: ['.failed'] }, metadata: { suffix: { queue: '-prod' } } },
        },
      ],
    ),
    delivery: fc.record({ keepDelivered: fc.constantFrom('1m', '72h', '720h') }, { requiredKeys: [] }),
    allowedRoutes: fc.record(
      {
        namespaces: fc.constantFrom(
          { from: 'All' as const },
          { from: 'Names' as const, names: ['team-search'] },
          { from: 'Selector' as const, selector: { matchLabels: { team: 'search' } } },
          {
            from: 'Selector' as const,
            selector: { matchExpressions: [{ key: 'team', operator: 'In' as const, values: ['search'] }] },
          },
        ),
        types: fc.constant(['batch.succeeded']),
      },
      { requiredKeys: [] },
    ),
    suspend: fc.boolean(),
  },
  { requiredKeys: [] },
)

const metadataEdits = fc.record({ labels: pairs, annotations: pairs }, { requiredKeys: [] })

/** What another hand may do to the Secret, its content included. The keyring still knows what was there. */
const secretEdits = fc.oneof(
  fc.constant('deleted' as const),
  fc.record(
    {
      labels: pairs,
      annotations: pairs,
      lastManager: label,
      resourceVersion: label,
      wellFormed: fc.boolean(),
      otherData: pairs,
      ownership: fc.constantFrom('ours' as const, 'importable' as const, 'stranger' as const),
      secrets: fc.constantFrom(
        {},
        { current: otherSecret },
        { current: currentSecret, previous: otherSecret },
        { previous: currentSecret },
      ),
    },
    { requiredKeys: [] },
  ),
)

const remoteEdits = fc.record(
  {
    name: fc.constantFrom('by hand', aRemote().name ?? '', 'gwh:0123456789ab theirs'),
    uri: fc.webUrl(),
    subscribedEvents: fc.constantFrom('batch.failed', 'video.generated').map((type) => [type]),
    state: fc.constantFrom('enabled', 'disabled', 'disabled_due_to_failed_deliveries'),
  },
  { requiredKeys: [] },
)

test('property: no edit of the object, its Secret or its webhook rotates, but a new request id or a passed interval', () => {
  fc.assert(
    fc.property(
      specEdits,
      metadataEdits,
      secretEdits,
      remoteEdits,
      fc.boolean(),
      (spec, metadata, secret, remote, inOverlap) => {
        const webhook = rested
          .spec(spec)
          .metadata({ ...metadata, generation: 2 })
          .build()
        const seen = anObservation()
          .withKeyring(live(currentSecret), ...(inOverlap ? [live(otherSecret, '2026-11-22T11:00:00Z')] : []))
          .withRemote(remote, { confirmed: true })
        const observed = (secret === 'deleted' ? seen.withoutSecret() : seen.withSecret(secret)).build()
        const { actions } = planWebhook(webhook, observed, { config, nowMs })
        const calls = actions.filter(({ type }) => type === 'RecordIntent' || type === 'RotateSigningSecret')
        assert.deepEqual(calls, [])
      },
    ),
    { numRuns: 2000 },
  )
})

test('the property edits every field that the schema of the spec has, so that a new one cannot be forgotten', () => {
  const edited = new Set(fc.sample(specEdits, { numRuns: 2000, seed: 1 }).flatMap((spec) => pathsIn(spec)))
  const { spec } = geminiWebhookCrd().spec.versions[0]?.schema.openAPIV3Schema.properties ?? assert.fail()
  const missing = schemaPaths(spec as Schema).filter((path) => !edited.has(path))
  assert.deepEqual(missing, [])
})

interface Schema {
  properties?: Record<string, Schema>
  items?: Schema
}

/** Of every field, those of lists included, but not what is inside a sink: no secret of Google's is in there. */
function schemaPaths({ properties = {} }: Schema, above = ''): string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${above}.${name}`
    const below = path === '.sinks' ? [] : schemaPaths(field.items ?? field, path)
    return [path].concat(below)
  })
}

function pathsIn(value: unknown, above = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsIn(item, above))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, field]) => {
    const path = `${above}.${name}`
    return [path].concat(pathsIn(field, path))
  })
}

test('the same object does rotate on a new request id, and when the interval has passed', () => {
  for (const rotation of [{ request: { id: 'new' } }, { interval: '24h' }]) {
    const { actions } = planWebhook(rested.spec({ rotation }).build(), anObservation().build(), { config, nowMs })
    assert.deepEqual(
      actions.map(({ type }) => type),
      ['RecordIntent'],
    )
  }
})

test('the last 16 handled request ids are kept, and one that is seen again keeps its place', () => {
  const clock = new FakeClock(nowMs)
  let state: ActionState = { webhook: rested.build(), observed: anObservation().build(), draft: {}, events: [] }
  const handle = (id: string) => {
    const webhook = rested.spec({ rotation: { request: { id } } }).build()
    state = withFirstSecret({ ...state, webhook }, { clock } as Pick<PassContext, 'clock'> as PassContext)
  }
  for (let request = 1; request <= 20; request++) handle(`request-${request}`)
  handle('request-7')
  const ids = state.draft.rotation?.handledRequestIDs ?? []
  assert.deepEqual(
    ids,
    Array.from({ length: 16 }, (_, index) => `request-${index + 5}`),
  )
})

test('an unknown last rotation counts as now, and a known one stays', () => {
  const atRest = { type: 'AtRest', reason: 'Succeeded', message: '' } as const
  const lastRotation = (status: object) => {
    const webhook = rested.status(status).build()
    const state: ActionState = { webhook, observed: anObservation().build(), draft: webhook.status ?? {}, events: [] }
    return summarize(state, { finding: atRest, nowMs }).rotation?.lastRotationTime
  }
  assert.equal(lastRotation({ rotation: undefined }), '2026-11-21T12:00:00Z')
  assert.equal(lastRotation({}), '2026-11-19T12:00:00Z')
})
