import assert from 'node:assert/strict'
import { test } from 'node:test'

import { equalQuotas } from '../../../src/fairness/quotas.ts'
import { chargedBytesOf, InboxRooms, isOverGivenUpShare, isOverOwnerShare } from '../../../src/inbox/rooms.ts'
import { usageByNamespace } from '../../../src/inbox/usage.ts'
import { anEvent } from '../../support/builders/an-event.ts'

const idBytes = 100
const charge = { bytes: 10_000, idBytes }
const bounds = { maxBytes: 1_000_000, maxEvents: 1_000, maxDeadLetters: 100 }

function fillAlone(rooms: InboxRooms, taker: readonly [string, string], what = charge): number {
  for (let taken = 0; ; taken += 1) {
    if (rooms.refusalOf(taker, what) !== undefined) return taken
    rooms.addEvents(taker, what.bytes === 0 ? 0 : 1)
    rooms.addBytes(taker, what.bytes)
    rooms.addIdBytes(taker, what.idBytes)
  }
}

test('one namespace that has its share is refused alone; only what nobody fits into is full', () => {
  const rooms = new InboxRooms(bounds, equalQuotas, idBytes)
  fillAlone(rooms, ['a', 'x'])
  assert.equal(rooms.refusalOf(['a', 'x'], charge), 'ownerFull')
  assert.equal(rooms.refusalOf(['b', 'x'], charge), undefined)
  assert.equal(rooms.refusalOf(['b', 'x'], { bytes: 500_000, idBytes }), 'ownerFull', 'others may send what is smaller')
  assert.equal(rooms.hasRoom, true)
  for (let at = 0; rooms.refusalOf(['new', 'x'], { bytes: 4_096, idBytes }) === undefined; at += 1) {
    fillAlone(rooms, [`n${at}`, 'x'], { bytes: 4_096, idBytes })
  }
  assert.equal(rooms.refusalOf(['new', 'x'], { bytes: 4_096, idBytes }), 'inboxFull')
  assert.equal(rooms.hasRoom, false)
})

test('ids take three quarters of all bytes at most, and of that no namespace more than its share', () => {
  const rooms = new InboxRooms(bounds, equalQuotas, idBytes)
  const ids = fillAlone(rooms, ['a', 'x'], { bytes: 0, idBytes })
  assert.equal(ids, Math.floor((0.64 * 0.75 * bounds.maxBytes) / idBytes))
  assert.equal(rooms.refusalOf(['b', 'x'], charge), undefined)
})

test('what is in use and charged to nobody takes from what is left, and is given back', () => {
  const rooms = new InboxRooms(bounds, equalQuotas, idBytes)
  rooms.addBytes(['a', 'x'], 100_000)
  rooms.noteUsed(999_000)
  assert.equal(rooms.refusalOf(['b', 'x'], { bytes: 1_000, idBytes }), 'inboxFull')
  rooms.noteUsed(50_000)
  assert.equal(rooms.refusalOf(['b', 'x'], charge), undefined)
})

test('bounds that change count at once', () => {
  const changing = { ...bounds }
  const rooms = new InboxRooms(changing, equalQuotas, idBytes)
  changing.maxBytes = 6_000
  assert.equal(rooms.refusalOf(['b', 'x'], charge), 'inboxFull')
  changing.maxBytes = 1_000_000
  assert.equal(rooms.refusalOf(['b', 'x'], charge), undefined)
})

test('an event is charged for its body, its texts and each delivery; without sinks for nothing but its id', () => {
  const event = anEvent({
    body: Buffer.alloc(1_000),
    signature: 's'.repeat(10),
    contentType: 'c'.repeat(5),
    sinks: ['a', 'b'],
  })
  assert.equal(chargedBytesOf(event), 1_000 + 10 + 5 + 512 + 2 * 256)
  assert.equal(chargedBytesOf({ ...event, trace: 't'.repeat(55) }), chargedBytesOf(event) + 55)
  assert.equal(chargedBytesOf({ ...event, sinks: [] }), 0)
})

test('one object has a maximum of events and of bytes, whatever is free', () => {
  const most = { maxBytes: 1_000, maxEvents: 100, ownerShare: 0.5 }
  assert.equal(isOverOwnerShare({ events: 49, bodyBytes: 0 }, 500, most), false)
  assert.equal(isOverOwnerShare({ events: 50, bodyBytes: 0 }, 0, most), true)
  assert.equal(isOverOwnerShare({ events: 0, bodyBytes: 1 }, 500, most), true)
})

test('what is given up may take a sixteenth more than its owner has, of its namespace and of no other', () => {
  const rooms = new InboxRooms(bounds, equalQuotas, idBytes)
  const owner = ['a', 'x'] as const
  const take = (taker: readonly [string, string]) => {
    rooms.addEvents(taker, 1)
    rooms.addBytes(taker, charge.bytes)
    rooms.addIdBytes(taker, charge.idBytes)
  }
  const ordinary = fillAlone(rooms, owner)
  let more = 0
  for (; rooms.refusalOfGivenUp(owner, charge) === undefined; more += 1) take(owner)
  assert.ok(more > 0 && more <= Math.ceil(ordinary / 16) + 1, `${more} of ${ordinary}`)
  assert.equal(rooms.refusalOfGivenUp(owner, charge), 'ownerFull', 'older ones could make room')
  assert.ok(fillAlone(rooms, ['a', 'y']) > 0, 'its namespace has something left for others')
  const all = bounds.maxBytes / (charge.bytes + charge.idBytes)
  assert.ok(fillAlone(rooms, ['b', 'x']) >= Math.floor(0.64 * 0.2 * all), 'as much as beside any full namespace')
})

test('where ids have taken their room, or the inbox is full, older ones cannot make any', () => {
  const ids = new InboxRooms(bounds, equalQuotas, idBytes)
  fillAlone(ids, ['a', 'x'], { bytes: 0, idBytes })
  while (ids.refusalOfGivenUp(['a', 'x'], { bytes: 0, idBytes }) === undefined) ids.addIdBytes(['a', 'x'], idBytes)
  assert.equal(ids.refusalOfGivenUp(['a', 'x'], { bytes: 1_000, idBytes }), 'idsFull')
  const full = new InboxRooms(bounds, equalQuotas, idBytes)
  full.noteUsed(bounds.maxBytes)
  assert.equal(full.refusalOfGivenUp(['a', 'x'], charge), 'inboxFull')
})

test('the maximum of one object has a sixteenth more for what it gives up', () => {
  const most = { maxBytes: 16_000, maxEvents: 160, ownerShare: 0.5 }
  assert.equal(isOverGivenUpShare({ events: 84, bodyBytes: 0 }, 8_500, most), false)
  assert.equal(isOverGivenUpShare({ events: 85, bodyBytes: 0 }, 0, most), true)
  assert.equal(isOverGivenUpShare({ events: 0, bodyBytes: 1 }, 8_500, most), true)
})

test('usage is summed by namespace, without those who have nothing', () => {
  const counts = { events: 1, bodyBytes: 10, deadLetters: 2, rememberedIds: 3 }
  const nothing = { events: 0, bodyBytes: 0, deadLetters: 0, rememberedIds: 0 }
  const objects = [
    { namespace: 'a', ...counts },
    { namespace: 'a', ...counts },
    { namespace: 'b', ...nothing, rememberedIds: 1 },
    { namespace: 'c', ...nothing },
  ]
  assert.deepEqual(
    [...usageByNamespace(objects)],
    [
      ['a', { events: 2, bytes: 20, deadLetters: 4, rememberedIds: 6 }],
      ['b', { events: 0, bytes: 0, deadLetters: 0, rememberedIds: 1 }],
    ],
  )
})

test('what is kept takes from nobody, and one has to lose some of it where it fills more than three fifths', () => {
  const rooms = new InboxRooms(bounds, equalQuotas, idBytes)
  const names = { keeper: ['a', 'x'], taker: ['a', 'x'] } as const
  const ownerShare = 0.5
  assert.equal(rooms.overKept(names, ownerShare), undefined)
  rooms.addKept(['a', 'x'], 300_000)
  rooms.noteUsed(300_000)
  assert.equal(rooms.overKept(names, ownerShare), undefined)
  const alone = fillAlone(new InboxRooms(bounds, equalQuotas, idBytes), ['b', 'x'])
  assert.equal(fillAlone(rooms, ['b', 'x']), alone, 'as many as without it')
  assert.deepEqual(rooms.overKept({ keeper: ['b', 'x'], taker: ['b', 'x'] }, ownerShare), ['a', 'x'], 'who has most')
  rooms.addKept(['a', 'x'], -300_000)
  assert.equal(rooms.overKept(names, ownerShare), undefined, 'nothing is left to lose')
})

test('one object keeps no more than three fifths of its share, what it is charged included', () => {
  const rooms = new InboxRooms(bounds, equalQuotas, idBytes)
  const names = { keeper: ['a', 'key'], taker: ['a', 'x'] } as const
  rooms.addKept(['a', 'key'], 300_000)
  assert.equal(rooms.overKept(names, 0.5), undefined)
  rooms.addBytes(['a', 'x'], 1)
  assert.deepEqual(rooms.overKept(names, 0.5), ['a', 'key'])
})
