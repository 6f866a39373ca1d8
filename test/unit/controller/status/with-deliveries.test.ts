import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhookStatus } from '../../../../src/api/status.ts'
import { transitionEvents } from '../../../../src/controller/status/kubernetes-events.ts'
import type { ObservedWebhook } from '../../../../src/controller/facts/observed.ts'
import { withDeliveries } from '../../../../src/controller/status/with-deliveries.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'

const noon = Date.parse('2026-11-29T12:00:00Z')
const sinks = [{ name: 'orders', address: 'http://orders.ml.svc', ready: true }]
const failing = { since: '2026-11-29T11:59:00Z', cause: 'status', status: 503 }

function reported(pending: number, fails: boolean): Partial<ObservedWebhook> {
  const orders = { ...(fails && { failing }), isUnseen: false, pending, deadLetters: 0 }
  return {
    report: { pending },
    sinkReports: { isReported: true, isPartial: false, byName: new Map([['orders', orders]]) },
  }
}

function tell(before: GeminiWebhookStatus, given: Partial<ObservedWebhook>): GeminiWebhookStatus {
  const webhook = aWebhook().build()
  const observed = anObservation().with(given).build()
  return withDeliveries(before, { webhook, observed, draft: before, events: [] }, noon)
}

const ready = [
  {
    type: 'Ready' as const,
    status: 'True' as const,
    reason: 'Succeeded' as const,
    message: '',
    observedGeneration: 1,
    lastTransitionTime: '2026-11-29T11:00:00Z',
  },
]
const atRest = tell({ sinks, conditions: ready, observedGeneration: 1 }, reported(0, false))
const healthIn = (status: GeminiWebhookStatus) => status.conditions?.find(({ type }) => type === 'SinksHealthy')
const told = (before: GeminiWebhookStatus, after: GeminiWebhookStatus) =>
  transitionEvents(before, after).map(({ type, reason, note }) => [type, reason, note])

test('a sink that begins to fail turns its condition and no other, at once and with all counts; the same again changes nothing', () => {
  assert.equal(healthIn(atRest)?.status, 'True')
  const failed = tell(atRest, { ...reported(200, true), countsDue: false })
  assert.deepEqual(failed.sinks, [
    { ...sinks[0], failingSince: failing.since, lastFailure: 'it answers with an error (503)', pending: 200 },
  ])
  assert.equal(failed.delivery?.pending, 200)
  assert.equal(healthIn(failed)?.reason, 'SinkFailing')
  assert.deepEqual(
    failed.conditions?.filter(({ type }) => type === 'Ready'),
    ready,
  )
  assert.deepEqual(tell(failed, { ...reported(200, true), countsDue: false }), failed)
  const note = 'sinks take nothing: orders since 2026-11-29T11:59:00Z: it answers with an error (503)'
  assert.deepEqual(told(atRest, failed), [['Warning', 'SinkFailing', note]])
  assert.deepEqual(told(failed, failed), [])
})

const attached = { attached: 2, refused: 1 }
function routing(pending: number, fails: boolean): Partial<ObservedWebhook> {
  const said = { isUnseen: false, pending, deadLetters: 0 }
  const step = { ...said, ...(fails && { failing: { ...failing, cause: 'inboxFull', status: undefined } }) }
  const sinkReports = { isReported: true, isPartial: false, byName: new Map([['$routes', step]]) }
  return { report: { pending }, sinkReports, routes: attached }
}

test('that no event can be handed on to routes turns the condition of sinks, at once and with what waits for it', () => {
  const routed = tell(atRest, routing(0, false))
  assert.deepEqual(routed.routes, attached)
  assert.equal(healthIn(routed)?.status, 'True')
  const failed = tell(routed, { ...routing(9, true), countsDue: false })
  const lastFailure = 'receivers have no room for the events of routes'
  assert.deepEqual(failed.routes, { ...attached, failingSince: failing.since, lastFailure, pending: 9 })
  assert.equal(healthIn(failed)?.reason, 'SinkFailing')
  const named = `handing on to routes since ${failing.since}: ${lastFailure}`
  assert.ok(healthIn(failed)?.message.startsWith(`1 of 2 sinks take nothing: ${named}; `), healthIn(failed)?.message)
  assert.deepEqual(told(routed, failed), [['Warning', 'SinkFailing', `sinks take nothing: ${named}`]])
  assert.deepEqual(tell(failed, { ...routing(30, true), countsDue: false }), failed, 'more of the same waits')
  const well = tell(failed, { ...routing(0, false), countsDue: false })
  assert.deepEqual(well.routes, attached)
  assert.equal(healthIn(well)?.status, 'True')
  assert.deepEqual(told(failed, well), [['Normal', 'SinkRecovered', 'sinks take events again: handing on to routes']])
})

test('events that wait to be handed on are counted where counts are due, and no failure', () => {
  const routed = tell(atRest, routing(0, false))
  assert.deepEqual(tell(routed, { ...routing(40, false), countsDue: false }), routed)
  const waiting = tell(routed, routing(40, false))
  assert.equal(waiting.routes?.pending, 40)
  assert.equal(healthIn(waiting)?.status, 'True')
  assert.deepEqual(told(routed, waiting), [])
})

test('what routes are counted as stays while they cannot be counted, and of none nothing is told', () => {
  const routed = tell(atRest, routing(0, false))
  const { routes: _uncounted, ...rest } = routing(0, false)
  assert.deepEqual(tell(routed, rest).routes, attached)
  assert.equal(tell(routed, { ...rest, routes: { attached: 0, refused: 0 } }).routes, undefined)
})

test('more of the same waits until counts are due; that it recovered does not', () => {
  const failed = tell(atRest, reported(200, true))
  assert.deepEqual(tell(failed, { ...reported(900, true), countsDue: false }), failed)
  assert.equal(tell(failed, reported(900, true)).sinks?.[0]?.pending, 900)
  const recovered = tell(failed, { ...reported(3, false), countsDue: false })
  assert.deepEqual(recovered.sinks, [{ ...sinks[0], pending: 3 }])
  assert.deepEqual(told(failed, recovered), [['Normal', 'SinkRecovered', 'sinks take events again: orders']])
})

test('a sink that was taken out of the spec is told as neither', () => {
  const failed = tell(atRest, reported(200, true))
  const without = { ...failed, sinks: [] }
  assert.deepEqual(told(failed, tell(without, reported(0, false))), [])
})

const audit = { name: 'audit', address: 'http://audit.ml.svc', ready: true }
/** Counts are not due, and status is about to say these sinks; what it said before is `before`. */
function early(before: GeminiWebhookStatus, given: Partial<ObservedWebhook>, next = sinks): GeminiWebhookStatus {
  const webhook = aWebhook().build()
  const observed = anObservation()
    .with({ ...given, countsDue: false })
    .build()
  return withDeliveries({ ...before, sinks: next }, { webhook, observed, draft: before, events: [] }, noon)
}
const pendingOf = ({ sinks: told = [] }: GeminiWebhookStatus) => told.map(({ pending }) => pending)

test('that deliveries begin or cease to be refused is told with the counts of the sinks at that moment', () => {
  const refusing = { refusingSince: '2026-11-29T11:58:00Z' }
  const reports = reported(9, false)
  const began = early(atRest, { ...reports, report: { pending: 9, ...refusing } })
  assert.deepEqual([began.delivery?.refusingSince, ...pendingOf(began)], [refusing.refusingSince, 9])
  const goesOn = early(began, { ...reported(30, false), report: { pending: 30, ...refusing } })
  assert.deepEqual(pendingOf(goesOn), [9], 'while it goes on counts wait until they are due')
  assert.deepEqual(pendingOf(early(began, reported(30, false))), [30])
})

function dropped(hour: number, pending: number): Partial<ObservedWebhook> {
  return { ...reported(pending, false), report: { pending, lastDropTime: `2026-11-29T${hour}:00:00Z` } }
}

test('each drop is told with the counts of the sinks at that moment, the second like the first', () => {
  const first = early(atRest, dropped(10, 9))
  assert.deepEqual(pendingOf(first), [9])
  assert.deepEqual(pendingOf(early(first, dropped(10, 30))), [9], 'nothing was dropped since')
  assert.deepEqual(pendingOf(early(first, dropped(11, 30))), [30])
  assert.equal(first.conditions?.find(({ type }) => type === 'DeadLettersDropped')?.status, 'True')
})

test('a sink that comes and is well is no trouble: the counts of the others wait until they are due', () => {
  assert.deepEqual(pendingOf(early(atRest, reported(9, false), [...sinks, audit])), [undefined, undefined])
})

test('nothing is said of deliveries that nobody reports on, nor of sinks that were not resolved', () => {
  assert.deepEqual(tell({}, {}), {
    conditions: [
      {
        type: 'SinksHealthy',
        status: 'True',
        reason: 'Succeeded',
        message: 'there are no sinks',
        observedGeneration: 1,
        lastTransitionTime: '2026-11-29T12:00:00Z',
      },
    ],
  })
})

test('health is told of the generation that the status is of', () => {
  assert.equal(healthIn(tell({ sinks, observedGeneration: 7 }, reported(0, false)))?.observedGeneration, 7)
})
