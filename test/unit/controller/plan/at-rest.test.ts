import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isDocumented, reasons, type Reason } from '../../../../src/api/reasons.ts'
import type { Condition } from '../../../../src/api/status.ts'
import type { ActionState } from '../../../../src/controller/apply/action-state.ts'
import { findingAtRest, restsStalled, type Rest } from '../../../../src/controller/plan/at-rest.ts'
import { transitionEvents } from '../../../../src/controller/status/kubernetes-events.ts'
import { summarize } from '../../../../src/controller/status/summarize.ts'
import { aWebhook, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import { anObservation, proof, remoteName, type ObservationBuilder } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const rested = aWebhook().registered({ checkedSpec: proof, name: remoteName })
const sinks = { resolved: [], held: [], status: [] }
const missingService = {
  reason: 'SinkInvalid',
  message: 'Service ml/worker does not exist',
  blocksRegistration: false,
} as const

function statusAtRest(builder: WebhookBuilder, observed: ObservationBuilder) {
  const webhook = builder.build()
  const state: ActionState = { webhook, observed: observed.build(), draft: webhook.status ?? {}, events: [] }
  return summarize(state, { finding: { type: 'AtRest', reason: 'Succeeded', message: '' }, nowMs })
}

function told(builder: WebhookBuilder, observed: ObservationBuilder): Map<string, Condition> {
  const { conditions = [] } = statusAtRest(builder, observed)
  for (const condition of conditions) assert.ok(isDocumented(condition), JSON.stringify(condition))
  return new Map(conditions.map((condition) => [condition.type, condition]))
}

/** SinksResolved has been False for so long. */
function unresolvedFor(minutes: number): WebhookBuilder {
  const condition = {
    type: 'SinksResolved',
    status: 'False',
    reason: 'SinkInvalid',
    message: '',
    observedGeneration: 1,
    lastTransitionTime: new Date(nowMs - minutes * 60_000).toISOString(),
  } as const
  return rested.status({ conditions: [condition] })
}

interface Case {
  name: string
  given: [WebhookBuilder, ObservationBuilder]
  says: 'Stalled' | 'Reconciling'
  reason: string
}

const cases: Case[] = [
  {
    name: 'suspended',
    given: [rested.spec({ suspend: true }), anObservation().with({ remote: { state: 'notAsked' } })],
    says: 'Stalled',
    reason: 'Suspended',
  },
  {
    name: 'drift that is only to be reported',
    given: [
      rested.spec({ driftPolicy: 'Report' }),
      anObservation().withRemote({ uri: 'https://elsewhere.example.com/' }),
    ],
    says: 'Stalled',
    reason: 'Drifted',
  },
  {
    name: 'drift that is about to be corrected',
    given: [rested, anObservation().withRemote({ uri: 'https://elsewhere.example.com/' })],
    says: 'Reconciling',
    reason: 'Drifted',
  },
  {
    name: 'a Service that is missing since now',
    given: [rested, anObservation().with({ sinks: { ...sinks, problem: missingService, recheck: true } })],
    says: 'Reconciling',
    reason: 'SinkInvalid',
  },
  {
    name: 'a Service that is missing for four minutes',
    given: [unresolvedFor(4), anObservation().with({ sinks: { ...sinks, problem: missingService, recheck: true } })],
    says: 'Reconciling',
    reason: 'SinkInvalid',
  },
  {
    name: 'a Service that is missing for six minutes',
    given: [unresolvedFor(6), anObservation().with({ sinks: { ...sinks, problem: missingService, recheck: true } })],
    says: 'Stalled',
    reason: 'SinkInvalid',
  },
  {
    name: 'a Service that is missing for five minutes',
    given: [unresolvedFor(5), anObservation().with({ sinks: { ...sinks, problem: missingService, recheck: true } })],
    says: 'Stalled',
    reason: 'SinkInvalid',
  },
  {
    name: 'a Service that has no address yet',
    given: [
      rested,
      anObservation().with({
        sinks: { ...sinks, problem: { ...missingService, reason: 'SinkNotReady' }, recheck: true },
      }),
    ],
    says: 'Reconciling',
    reason: 'SinkNotReady',
  },
  {
    name: 'a kind of sink that nobody can bring',
    given: [
      rested,
      anObservation().with({
        sinks: { ...sinks, problem: { ...missingService, reason: 'SinkUnsupported' }, recheck: true },
      }),
    ],
    says: 'Stalled',
    reason: 'SinkUnsupported',
  },
  {
    name: 'a filter that is no CEL',
    given: [rested, anObservation().with({ sinks: { ...sinks, problem: missingService } })],
    says: 'Stalled',
    reason: 'SinkInvalid',
  },
  {
    name: 'an endpoint that no ping comes back through',
    given: [
      rested.status({ webhook: { ...rested.build().status?.webhook, checkedSpec: 'former' } }),
      anObservation().withCheck({ restingMs: 1000 }),
    ],
    says: 'Stalled',
    reason: 'NeverArrived',
  },
  {
    name: 'a check that is still to come, though drift is only reported',
    given: [
      rested
        .spec({ driftPolicy: 'Report' })
        .status({ webhook: { ...rested.build().status?.webhook, checkedSpec: 'former' } }),
      anObservation(),
    ],
    says: 'Reconciling',
    reason: 'CheckPending',
  },
  {
    name: 'a check that is still to come',
    given: [rested.status({ webhook: { ...rested.build().status?.webhook, checkedSpec: 'former' } }), anObservation()],
    says: 'Reconciling',
    reason: 'CheckPending',
  },
]

for (const { name, given, says, reason } of cases) {
  test(`at rest and not Ready, it is ${says}: ${name}`, () => {
    const conditions = told(...given)
    assert.equal(conditions.get('Ready')?.status, 'False')
    assert.deepEqual([conditions.get(says)?.status, conditions.get(says)?.reason], ['True', reason])
    assert.equal(conditions.get(says === 'Stalled' ? 'Reconciling' : 'Stalled'), undefined)
    assert.equal(conditions.get(says)?.message, conditions.get('Ready')?.message)
  })
}

test('at rest and Ready it is neither', () => {
  const conditions = told(rested, anObservation())
  assert.equal(conditions.get('Ready')?.status, 'True')
  assert.equal(conditions.get('Reconciling') ?? conditions.get('Stalled'), undefined)
})

const windows = [{ cron: '0 0 30 2 *', duration: '1h' }]
const schedules = [
  { name: 'a day that does not exist', rotation: { interval: '720h', windows }, says: /windows\[0\]\.cron/ },
  {
    name: 'a time zone that nobody knows',
    rotation: { interval: '720h', windows: [{ cron: '0 2 * * *', duration: '1h', timeZone: 'Europe/Berln' }] },
    says: /windows\[0\]\.timeZone.*Europe\/Berln/,
  },
  {
    name: 'a window that closes as it opens',
    rotation: { interval: '720h', windows: [{ cron: '0 2 * * *', duration: '0s' }] },
    says: /windows\[0\]\.duration/,
  },
  {
    name: 'windows without an interval',
    rotation: { windows: [{ cron: '0 2 * * *', duration: '1h' }] },
    says: /spec\.rotation\.windows: without spec\.rotation\.interval/,
  },
]
for (const { name, rotation, says } of schedules) {
  test(`a wrong schedule is told by a condition of its own, and the object stays Ready: ${name}`, () => {
    const webhook = rested.spec({ rotation })
    const conditions = told(webhook, anObservation())
    assert.equal(conditions.get('Ready')?.status, 'True')
    assert.match(conditions.get('Ready')?.message ?? '', /PartIgnored/)
    assert.equal(conditions.get('Stalled') ?? conditions.get('Reconciling'), undefined)
    assert.equal(conditions.get('PartIgnored')?.reason, 'RotationBlocked')
    assert.match(conditions.get('PartIgnored')?.message ?? '', says)
    const after = statusAtRest(webhook, anObservation())
    assert.deepEqual(
      transitionEvents(rested.build().status, after).map(({ reason }) => reason),
      ['PartIgnored'],
    )
    assert.deepEqual(transitionEvents(after, after), [])
    const corrected = told(rested.status({ conditions: after.conditions }), anObservation())
    assert.equal(corrected.get('PartIgnored'), undefined, 'it goes when the schedule is right')
  })
}

test('a rest that lasts is one Event, and a rest on purpose is none', () => {
  const report = rested.spec({ driftPolicy: 'Report' })
  const observed = anObservation().withRemote({ uri: 'https://elsewhere.example.com/' })
  const first = statusAtRest(report, observed)
  const reasonsOf = (before: typeof first | undefined, after: typeof first) =>
    transitionEvents(before, after).map(({ reason }) => reason)
  assert.deepEqual(reasonsOf(rested.build().status, first), ['Stalled', 'DriftDetected'])
  assert.deepEqual(reasonsOf(first, statusAtRest(report.status(first), observed)), [])
  const suspended = anObservation().with({ remote: { state: 'notAsked' } })
  assert.deepEqual(reasonsOf(undefined, statusAtRest(rested.spec({ suspend: true }), suspended)), [])
})

const onlyReported: Rest = {
  spec: rested.spec({ driftPolicy: 'Report' }).build().spec,
  awaitsOthers: false,
  before: [],
  nowMs,
}

test('what may rest Stalled and be in the way of nothing is just what is called so at rest', () => {
  const stalls = (Object.keys(reasons) as Reason[]).filter(
    (reason) => findingAtRest({ status: 'False', reason, message: '' }, onlyReported).type === 'Stalled',
  )
  assert.deepEqual([...restsStalled].toSorted(), stalls.toSorted())
  assert.ok(stalls.includes('Drifted') && stalls.includes('NeverArrived'), stalls.join())
})

/** A condition of that type that has been False for so long. */
function failingFor(minutes: number, type: 'InSync' | 'SinksResolved') {
  return { ...(unresolvedFor(minutes).build().status?.conditions?.[0] ?? assert.fail()), type }
}

test('how long others are waited for is told by the sinks alone, not by what else has been wrong for long', () => {
  const rest = {
    ...onlyReported,
    awaitsOthers: true,
    before: [failingFor(60, 'InSync'), failingFor(1, 'SinksResolved')],
  }
  const missing = { status: 'False', reason: 'SinkInvalid', message: 'no Service' } as const
  assert.deepEqual(findingAtRest(missing, rest), { type: 'Progressing', reason: 'SinkInvalid', message: 'no Service' })
})
