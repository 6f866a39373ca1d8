import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isDocumented } from '../../../../src/api/reasons.ts'
import type { GeminiRouteStatus } from '../../../../src/api/route-status.ts'
import { noSinkReports } from '../../../../src/controller/reports/sink-status.ts'
import { routeEvents } from '../../../../src/controller/routes/route-events.ts'
import { summarizeRoute, type RouteFindings } from '../../../../src/controller/routes/summarize-route.ts'
import { aRoute } from '../../../support/builders/a-route.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const noon = Date.parse('2026-11-21T12:00:00Z')
const webhook = aWebhook().build()
const worker = { name: 'worker', address: 'https://worker.example.com/', ready: true }

const findings = (changes: Partial<RouteFindings> = {}): RouteFindings => ({
  consent: { type: 'attached' },
  webhook,
  sinks: { resolved: [], held: [], status: [worker] },
  endpoint: { secretName: undefined },
  isKnown: true,
  reports: { report: undefined, sinks: noSinkReports, countsDue: true },
  ...changes,
})
const summarize = (changes: Partial<RouteFindings> = {}, before?: GeminiRouteStatus, suspend = false) =>
  summarizeRoute(aRoute({ ...(before && { status: before }), spec: { suspend } }), findings(changes), noon)
const conditionsIn = ({ conditions = [] }: GeminiRouteStatus) => {
  for (const condition of conditions) assert.ok(isDocumented(condition), JSON.stringify(condition))
  return Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]))
}

test('a route that gets events is Ready, and the same pass again writes nothing', () => {
  const status = summarize()
  assert.deepEqual(conditionsIn(status), {
    Ready: 'True Succeeded',
    Accepted: 'True Attached',
    SinksResolved: 'True Succeeded',
    SinksHealthy: 'Unknown NotReported',
  })
  assert.deepEqual(summarize({}, status), status)
})

test('the first that is missing explains Ready: receivers, consent, suspension, sinks', () => {
  const problem = { reason: 'SinkInvalid', message: 'wrong', blocksRegistration: true } as const
  const sinks = { resolved: [], held: ['worker'], status: [worker], problem }
  assert.equal(conditionsIn(summarize({ sinks }))['Ready'], 'False SinkInvalid')
  assert.equal(conditionsIn(summarize({ sinks }, undefined, true))['Ready'], 'False Suspended')
  const consent = { type: 'refused', reason: 'NotAllowed', message: 'no' } as const
  assert.equal(conditionsIn(summarize({ sinks, consent }, undefined, true))['Ready'], 'False NotAllowed')
  const failure = { class: 'terminal', reason: 'KeyringFull', message: 'full', mayHaveCommitted: false } as const
  const full = conditionsIn(summarize({ sinks, failure, isKnown: false }, undefined, true))
  assert.deepEqual([full['Ready'], full['Stalled']], ['False KeyringFull', 'True KeyringFull'])
  assert.equal(full['Accepted'], 'False KeyringFull')
  const refused = {
    class: 'refused',
    reason: 'RefusedByAPIServer',
    message: 'policy',
    mayHaveCommitted: false,
  } as const
  const untold = conditionsIn(summarize({ failure: refused, isKnown: false }))
  assert.equal(untold['Accepted'], 'Unknown Progressing', 'allowed, and the receivers do not know')
  const known = conditionsIn(summarize({ failure, isKnown: true }))
  assert.deepEqual(
    [known['Accepted'], known['Ready']],
    ['True Attached', 'False KeyringFull'],
    'it gets events as before',
  )
})

test('every reason of consent is documented where it is shown', () => {
  for (const reason of ['NotAllowed', 'TooManyRoutes'] as const) {
    conditionsIn(summarize({ consent: { type: 'refused', reason, message: '' } }))
  }
  for (const reason of ['WebhookNotFound', 'WebhookNotServing', 'Progressing'] as const) {
    const consent = { type: 'kept', reason, message: '' } as const
    const status = summarize({ consent })
    conditionsIn(status)
    const long = status.conditions?.map((each) => ({ ...each, lastTransitionTime: '2026-11-21T11:00:00Z' }))
    conditionsIn(summarize({ consent }, { ...status, conditions: long }))
  }
})

test('of a webhook that does not allow the route nothing but its name is told', () => {
  const consent = { type: 'refused', reason: 'NotAllowed', message: '' } as const
  assert.deepEqual(summarize({ consent }).webhook, { namespace: 'ml', name: 'batch-events' })
  const unknown = { type: 'kept', reason: 'Progressing', message: '' } as const
  assert.deepEqual(summarize({ consent: unknown }).webhook, { namespace: 'ml', name: 'batch-events' })
  const idle = { type: 'prepared', reason: 'WebhookNotServing', message: '' } as const
  assert.equal(summarize({ consent: idle }).webhook?.uid, webhook.metadata.uid)
})

const reported = (pending: number, changes: Partial<RouteFindings['reports']> = {}): RouteFindings['reports'] => ({
  report: { echoes: [], pending, lastVerifiedTime: '2026-11-21T11:50:00Z' },
  sinks: {
    isReported: true,
    isPartial: false,
    byName: new Map([['worker', { isUnseen: false, pending, deadLetters: 3 }]]),
  },
  countsDue: true,
  ...changes,
})

test('what receivers report is told: pending, dead letters, the last delivery; counts alone wait until they are due', () => {
  const told = summarize({ reports: reported(200) })
  assert.deepEqual([told.pending, told.deadLetters, told.lastDeliveredTime], [200, 3, '2026-11-21T11:50:00Z'])
  const later = summarize({ reports: reported(300, { countsDue: false }) }, told)
  assert.deepEqual(later, told)
  assert.equal(summarize({ reports: reported(300) }, told).pending, 300)
})

test('a sink that begins to fail is written at once, with an Event; and so is that it recovered', () => {
  const well = summarize({ reports: reported(0) })
  const failing = { since: '2026-11-21T11:59:00Z', cause: 'timeout', status: undefined }
  const byName = new Map([['worker', { failing, isUnseen: false, pending: 20, deadLetters: 0 }]])
  const sinks = { isReported: true, isPartial: false, byName }
  const broken = summarize({ reports: reported(20, { sinks, countsDue: false }) }, well)
  assert.equal(conditionsIn(broken)['SinksHealthy'], 'False SinkFailing')
  assert.equal(broken.pending, 20, 'with the counts of the same moment')
  assert.equal(conditionsIn(broken)['Ready'], 'True Succeeded')
  assert.deepEqual(
    routeEvents(well, broken).map(({ reason }) => reason),
    ['SinkFailing'],
  )
  const again = summarize({ reports: reported(0) }, broken)
  assert.deepEqual(
    routeEvents(broken, again).map(({ reason }) => reason),
    ['SinkRecovered'],
  )
})

test('dead letters that were dropped for good are a condition for a day, whether or not a receiver still remembers it', () => {
  const report = { echoes: [], pending: 0, lastDropTime: '2026-11-21T11:00:00Z' }
  const dropped = summarize({ reports: reported(0, { report, countsDue: false }) })
  assert.equal(dropped.lastDropTime, report.lastDropTime)
  assert.equal(conditionsIn(dropped)['DeadLettersDropped'], 'True BoundReached')
  const restarted = summarize({ reports: reported(0) }, dropped)
  assert.equal(conditionsIn(restarted)['DeadLettersDropped'], 'True BoundReached')
  const unreported = summarize({ reports: reported(0, { report: undefined }) }, dropped)
  assert.equal(conditionsIn(unreported)['DeadLettersDropped'], 'True BoundReached')
  const nextDay = noon + 24 * 3_600_000
  const after = summarizeRoute(aRoute({ status: restarted }), findings({ reports: reported(0) }), nextDay)
  assert.equal(conditionsIn(after)['DeadLettersDropped'], undefined)
})

const eventsOf = (before: GeminiRouteStatus, after: GeminiRouteStatus) =>
  routeEvents(before, after).map(({ type, reason }) => `${type} ${reason}`)

test('a route that is full is told so at once, with one Event, and works on; the same pass again writes nothing', () => {
  const well = summarize({ reports: reported(0) })
  const fullSince = '2026-11-21T11:59:00Z'
  const report = { echoes: [], pending: 40_000, refusingSince: fullSince }
  const full = summarize({ reports: reported(0, { report, countsDue: false }) }, well)
  assert.deepEqual([full.fullSince, full.pending], [fullSince, 40_000], 'with the counts of the same moment')
  const { RouteFull, Ready, Stalled, Reconciling } = conditionsIn(full)
  assert.deepEqual(
    [RouteFull, Ready, Stalled, Reconciling],
    ['True ShareUsedUp', 'True Succeeded', undefined, undefined],
  )
  assert.deepEqual(eventsOf(well, full), ['Warning RouteFull'])
  const again = summarize({ reports: reported(0, { report, countsDue: false }) }, full)
  assert.deepEqual(again, full)
  const more = { ...report, pending: 41_000, refusingSince: '2026-11-21T11:30:00Z' }
  const later = summarize({ reports: reported(0, { report: more, countsDue: false }) }, full)
  assert.deepEqual(later, full, 'how full it is, and since when another receiver says so, alone write nothing')
  const over = summarize({ reports: reported(0) }, full)
  assert.deepEqual([over.fullSince, conditionsIn(over)['RouteFull']], [undefined, undefined])
  assert.deepEqual(eventsOf(full, over), [])
})

const told = (before: GeminiRouteStatus | undefined, after: GeminiRouteStatus) =>
  routeEvents(before, after).map(({ type, reason, note }) => `${type} ${reason}: ${note}`)

test('an Event says that a route was attached, and why it is no longer', () => {
  const attached = summarize()
  const refused = summarize({ consent: { type: 'refused', reason: 'NotAllowed', message: 'ask them' } }, attached)
  assert.deepEqual(told(undefined, attached), ['Normal Attached: attached to the webhook ml/batch-events'])
  assert.deepEqual(told(attached, refused), ['Warning Detached: NotAllowed: ask them'])
  assert.deepEqual(told(attached, attached), [])
  assert.deepEqual(told(refused, refused), [])
})

test('an endpoint of its own is told by its Secret alone, and what prevents it last of all', () => {
  const { endpoint } = summarize({ endpoint: { secretName: 'nightly-route-endpoint' } })
  assert.deepEqual(endpoint, { dynamicSecretName: 'nightly-route-endpoint' })
  const failure = { class: 'terminal', reason: 'SecretNameTaken', message: 'taken', mayHaveCommitted: false } as const
  const taken = summarize({ endpoint: { secretName: undefined, failure } })
  assert.equal(taken.endpoint, undefined)
  assert.equal(conditionsIn(taken)['Ready'], 'False SecretNameTaken')
  assert.equal(conditionsIn(taken)['Stalled'], 'True SecretNameTaken')
  assert.equal(conditionsIn(taken)['Accepted'], 'True Attached')
  const consent = { type: 'refused', reason: 'NotAllowed', message: '' } as const
  const refused = summarize({ consent, endpoint: { secretName: undefined, failure } })
  assert.equal(conditionsIn(refused)['Ready'], 'False NotAllowed')
})
