import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { RouteEntry } from '../../../src/contract/keyring/entry.ts'
import { RouteIndex } from '../../../src/routes/route-index.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'

const receivedAtMs = Date.parse('2026-11-21T12:00:00Z')
const nightly = { team: 'search', job_group: 'nightly-7', size: 3 }

function eventWith(body: string) {
  return anEvent({ body: Buffer.from(body), receivedAtMs })
}

function eventOf(type: string, metadata?: Record<string, unknown>) {
  return eventWith(JSON.stringify({ type, data: { id: 'batches/1', user_metadata: metadata } }))
}

interface Case {
  name: string
  route: Partial<RouteEntry>
  type?: string
  want: boolean
}

const types = (typesExact: string[], typesPrefix: string[] = []) => ({ typesExact, typesPrefix })
const cases: Case[] = [
  { name: 'no filter', route: {}, want: true },
  { name: 'its exact type', route: { filter: types(['batch.failed', 'batch.succeeded']) }, want: true },
  { name: 'another exact type', route: { filter: types(['batch.failed']) }, want: false },
  { name: 'a prefix of its type', route: { filter: types([], ['batch.']) }, want: true },
  { name: 'a prefix that is its whole type', route: { filter: types([], ['batch.succeeded']) }, want: true },
  { name: 'a prefix that is longer than its type', route: { filter: types([], ['batch.succeeded.x']) }, want: false },
  { name: 'another prefix of the same length', route: { filter: types([], ['video.']) }, want: false },
  { name: 'a prefix of no letters', route: { filter: types([], ['']) }, want: true },
  { name: 'both its exact type and a prefix', route: { filter: types(['batch.succeeded'], ['batch.']) }, want: true },
  { name: 'a type that only the prefix covers', route: { filter: types(['batch.failed'], ['batch.']) }, want: true },
  { name: 'its metadata', route: { filter: { ...types([]), metadataExact: { team: 'search' } } }, want: true },
  { name: 'other metadata', route: { filter: { ...types([]), metadataExact: { team: 'ads' } } }, want: false },
  { name: 'metadata that it has not', route: { filter: { ...types([]), metadataExact: { owner: 'x' } } }, want: false },
  { name: 'a number in its metadata', route: { filter: { ...types([]), metadataExact: { size: '3' } } }, want: true },
  {
    name: 'only the first of two pairs',
    route: { filter: { ...types([]), metadataExact: { team: 'search', size: '4' } } },
    want: false,
  },
  {
    name: 'only the second of two pairs',
    route: { filter: { ...types([]), metadataExact: { size: '4', team: 'search' } } },
    want: false,
  },
  {
    name: 'a prefix of its metadata',
    route: { filter: { ...types([]), metadataPrefix: { job_group: 'nightly-' } } },
    want: true,
  },
  {
    name: 'another prefix of its metadata',
    route: { filter: { ...types([]), metadataPrefix: { job_group: 'daily-' } } },
    want: false,
  },
  {
    name: 'its metadata, but not its type',
    route: { filter: { ...types(['batch.failed']), metadataExact: { team: 'search' } } },
    want: false,
  },
  { name: 'nothing but what its owner allows', route: { allowedTypes: ['batch.succeeded'] }, want: true },
  { name: 'nothing, and its owner allows another type', route: { allowedTypes: ['batch.failed'] }, want: false },
  { name: 'nothing, and its owner allows no type', route: { allowedTypes: [] }, want: false },
  {
    name: 'a prefix, of which its owner allows it',
    route: { allowedTypes: ['batch.succeeded', 'video.generated'], filter: types([], ['batch.']) },
    want: true,
  },
  {
    name: 'a prefix, of which its owner allows another',
    route: { allowedTypes: ['batch.failed'], filter: types([], ['batch.']) },
    want: false,
  },
  { name: 'another type, which is what its owner allows', route: { allowedTypes: ['batch.failed'] }, want: false },
  { name: 'nothing, from that moment on', route: { since: '2026-11-21T12:00:00.000Z' }, want: true },
  { name: 'nothing, from a moment later on', route: { since: '2026-11-21T12:00:00.001Z' }, want: false },
  { name: 'nothing, and begins at no time', route: { since: 'soon' }, want: false },
  { name: 'nothing, and is refused', route: { refused: true }, want: false },
  { name: 'nothing, and is suspended', route: { suspended: true }, want: true },
]

for (const { name, route, want } of cases) {
  test(`a route that asks for ${name} ${want ? 'gets' : 'does not get'} an event`, () => {
    const attached = aRouteEntry({ route })
    const others = [
      aRouteEntry({ uid: 'video', route: { filter: types(['video.generated']) } }),
      aRouteEntry({ uid: 'ads', route: { filter: { ...types([]), metadataExact: { team: 'ads', region: 'eu' } } } }),
    ]
    const index = new RouteIndex([...others, attached])
    assert.deepEqual(index.matching(eventOf('batch.succeeded', nightly), 'batch.succeeded'), want ? [attached] : [])
  })
}

test('all routes that match get the event, each once', () => {
  const team = { ...types([]), metadataExact: { team: 'search' } }
  const routes = [
    aRouteEntry({ uid: 'all' }),
    aRouteEntry({ uid: 'exact', route: { filter: types(['batch.succeeded'], ['batch.', 'b', 'batch.succ']) } }),
    aRouteEntry({ uid: 'same', route: { filter: types(['batch.succeeded', 'batch.succeeded']) } }),
    aRouteEntry({ uid: 'team-1', route: { filter: team } }),
    aRouteEntry({ uid: 'team-2', route: { filter: team } }),
    aRouteEntry({ uid: 'other', route: { filter: { ...types([]), metadataExact: { team: 'ads' } } } }),
  ]
  const matching = new RouteIndex(routes).matching(eventOf('batch.succeeded', nightly), 'batch.succeeded')
  assert.deepEqual(matching.map(({ uid }) => uid).toSorted(), ['all', 'exact', 'same', 'team-1', 'team-2'])
})

test('an event that cannot be read goes to routes that ask for nothing it would have to tell', () => {
  const index = new RouteIndex([
    aRouteEntry({ uid: 'all' }),
    aRouteEntry({ uid: 'unknown', route: { filter: types(['unknown']) } }),
    aRouteEntry({ uid: 'team', route: { filter: { ...types([]), metadataExact: { team: 'search' } } } }),
    aRouteEntry({ uid: 'allowed', route: { allowedTypes: ['batch.succeeded'] } }),
  ])
  const matching = index.matching(eventWith('\u0000 no JSON'), 'unknown')
  assert.deepEqual(matching.map(({ uid }) => uid).toSorted(), ['all', 'unknown'])
})

test('keys such as __proto__ are keys like any other', () => {
  const filter = { ...types([]), metadataExact: JSON.parse('{"__proto__":"x"}') as Record<string, string> }
  const index = new RouteIndex([aRouteEntry({ route: { filter } })])
  assert.equal(index.matching(eventWith('{"user_metadata":{"__proto__":"x"}}'), 'unknown').length, 1)
  assert.equal(index.matching(eventWith('{"user_metadata":{}}'), 'unknown').length, 0)
})
