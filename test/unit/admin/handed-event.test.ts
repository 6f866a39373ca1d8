import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readHandedEvent, writeHandedEvent } from '../../../src/admin/handed-event.ts'
import { handedEvents } from '../../../src/contract/admin-api/handover.ts'
import type { HandedEvent } from '../../../src/inbox/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'

const delivery = { attempts: 2, firstDueMs: 1, dueMs: 2, replayed: false }

function handed(): HandedEvent {
  const deliveries = [
    { ...delivery, sink: 'worker' },
    { ...delivery, sink: 'chat', deadLetter: { reason: 'TransformError' as const, endedAtMs: 3 } },
    { ...delivery, sink: 'audit', deadLetter: { reason: 'Rejected' as const, endedAtMs: 4 } },
  ]
  return { ref: '7', event: anEvent({ sinks: deliveries.map(({ sink }) => sink) }), deliveries }
}

const onTheWay = (event: HandedEvent) => JSON.parse(JSON.stringify({ events: [writeHandedEvent(event)] })) as unknown

test('what one receiver hands over is what the other one reads', () => {
  const given = handed()
  const [came] = handedEvents.parse(onTheWay(given)).events
  assert.ok(came)
  const { deliveries, event } = readHandedEvent(came)
  assert.deepEqual(deliveries, given.deliveries)
  assert.deepEqual([event.eventId, event.sinks], [given.event.eventId, given.event.sinks])
})

test('what an event is recognised by goes with it', () => {
  const dedupe = { key: 'batch.succeeded.x', rememberMs: 288_000_000 }
  const given = { ...handed(), event: anEvent({ dedupe }) }
  const [came] = handedEvents.parse(onTheWay(given)).events
  assert.ok(came)
  assert.deepEqual(readHandedEvent(came).event.dedupe, dedupe)
})

test('a reason that earlier receivers refuse is told to them as the nearest that they know', () => {
  const { deliveries } = writeHandedEvent(handed())
  assert.deepEqual(
    deliveries.map(({ deadLetter }) => deadLetter?.reason),
    [undefined, 'FilterError', 'Rejected'],
  )
})

test('a reason of a later version is read as the nearest that this one knows', () => {
  const event = writeHandedEvent(handed())
  const ofTomorrow = { reason: 'FilterError', newerReason: 'OfTomorrow', endedAtMs: 3 }
  const deliveries = [{ ...delivery, sink: 'chat', deadLetter: ofTomorrow }]
  const [came] = handedEvents.parse({ events: [{ ...event, deliveries }] }).events
  assert.ok(came)
  assert.equal(readHandedEvent(came).deliveries[0]?.deadLetter?.reason, 'FilterError')
})
