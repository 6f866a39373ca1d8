import assert from 'node:assert/strict'
import { test } from 'node:test'

import { EndpointActivity } from '../../../src/receiver/endpoint-activity.ts'

const minuteMs = 60_000
const sinceOf = (activity: EndpointActivity, uid: string) => new Map(activity.entries()).get(uid)?.refusingSinceMs

test('a route counts as full from the first event that found it so, until none has for a quarter of an hour', () => {
  const activity = new EndpointActivity()
  const told: (number | undefined)[] = []
  // At the edge of its share it takes and gives up events by turns.
  for (let minute = 1; minute <= 60; minute += 1) {
    if (minute % 14 === 1) activity.noteFull('route', minute * minuteMs)
    activity.noteDelivered('route', minute * minuteMs)
    activity.endFull(minute * minuteMs)
    told.push(sinceOf(activity, 'route'))
  }
  assert.deepEqual([...new Set(told)], [minuteMs], 'one beginning and no turn')
  activity.endFull(71 * minuteMs)
  assert.equal(sinceOf(activity, 'route'), minuteMs)
  activity.endFull(72 * minuteMs)
  assert.equal(sinceOf(activity, 'route'), undefined)
  activity.noteFull('route', 80 * minuteMs)
  assert.equal(sinceOf(activity, 'route'), 80 * minuteMs, 'and begins anew')
})

test('a webhook that refuses does so until something of it is kept, however long that takes', () => {
  const activity = new EndpointActivity()
  activity.noteRefused('webhook', minuteMs)
  activity.endFull(1_000 * minuteMs)
  assert.equal(sinceOf(activity, 'webhook'), minuteMs)
  activity.noteKept('webhook')
  assert.equal(sinceOf(activity, 'webhook'), undefined)
})
