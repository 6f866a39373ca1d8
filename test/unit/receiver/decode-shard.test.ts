import assert from 'node:assert/strict'
import { test } from 'node:test'

import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { decodeShard, withUnchanged } from '../../../src/receiver/decode-shard.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'
import { aKeyringEntry, aSecret, aSink } from '../../support/worlds/receiver-fixture.ts'

const shard = keyringSecretNameFor('uid-1')
const good = aKeyringEntry({ secrets: [aSecret(), aSecret('2026-11-22T00:00:00Z')] })

function decode(text: string, uid = 'uid-1', name = shard) {
  return decodeShard(name, new Map([[uid, text]]))
}

test('an entry becomes keys that are ready to verify, the current one first', () => {
  const content = decode(JSON.stringify(good))
  const keys = content.entries.get('uid-1')?.keys ?? []
  assert.deepEqual(
    keys.map(({ keyId, notAfterMs }) => ({ keyId, notAfterMs })),
    [
      { keyId: good.secrets[0]?.keyId, notAfterMs: undefined },
      { keyId: good.secrets[1]?.keyId, notAfterMs: Date.parse('2026-11-22T00:00:00Z') },
    ],
  )
  assert.deepEqual([content.malformedUids, content.problems], [[], []])
})

test('an entry of a later version with more fields is read all the same', () => {
  assert.equal(decode(JSON.stringify({ ...good, later: { field: 'x' } })).entries.size, 1)
})

test('a filter is read with every key that it has, also one such as __proto__', () => {
  const metadataExact = JSON.parse('{"__proto__":"x","team":"search"}') as Record<string, string>
  const route = aRouteEntry({ uid: 'uid-1', route: { filter: { typesExact: [], typesPrefix: [], metadataExact } } })
  const read = decode(JSON.stringify(route)).entries.get('uid-1')?.entry
  assert.deepEqual(Object.entries(read?.route?.filter?.metadataExact ?? {}), Object.entries(metadataExact))
})

test('an entry without secrets is one that waits for its first, not a malformed one', () => {
  const content = decode(JSON.stringify({ ...good, secrets: [] }))
  assert.deepEqual(content.entries.get('uid-1')?.keys, [])
  assert.deepEqual(content.malformedUids, [])
})

const otherShard =
  Array.from({ length: 64 }, (_, index) => `uid-${index}`).find((uid) => keyringSecretNameFor(uid) !== shard) ?? ''
const malformed: { name: string; text: string; uid?: string; problem: RegExp }[] = [
  {
    name: 'a route that begins at no time',
    text: JSON.stringify(aRouteEntry({ uid: 'uid-1', route: { since: 'tomorrow' } })),
    problem: /^the route begins at what is no time$/,
  },
  { name: 'no JSON', text: '{', problem: /does not fit the format at the whole value/ },
  { name: 'no object', text: '[]', problem: /the whole value/ },
  { name: 'a missing field', text: JSON.stringify({ ...good, sinks: undefined }), problem: /at sinks/ },
  {
    name: 'more live secrets than can be',
    text: JSON.stringify({ ...good, secrets: Array.from({ length: 5 }, () => aSecret()) }),
    problem: /at secrets/,
  },
  {
    name: 'a header that is no text',
    text: JSON.stringify({ ...good, sinks: [{ ...aSink('worker'), headers: { 'x-team': 1 } }] }),
    problem: /at sinks/,
  },
  { name: 'the uid of another', text: JSON.stringify({ ...good, uid: 'uid-2' }), problem: /another uid/ },
  {
    name: 'a place in the wrong shard',
    text: JSON.stringify({ ...good, uid: otherShard }),
    uid: otherShard,
    problem: /another shard/,
  },
  {
    name: 'no usable secret',
    text: JSON.stringify({ ...good, secrets: [{ keyId: 'k1', secret: 'plain' }] }),
    problem: /signing secret k1 does not start with whsec_/,
  },
]
for (const { name, text, uid = 'uid-1', problem } of malformed) {
  test(`an entry with ${name} is malformed, and the problem says what without telling a value`, () => {
    const content = decode(text, uid)
    assert.deepEqual(content.malformedUids, [uid])
    assert.equal(content.entries.size, 0)
    assert.match(content.problems[0]?.problem ?? '', problem)
    assert.ok(!JSON.stringify(content.problems).includes('plain'))
  })
}

test('a bad secret beside a good one is left out alone, and one without a readable end too', () => {
  const [current] = good.secrets
  const bad = { ...aSecret(), notAfter: 'soon' }
  const content = decode(JSON.stringify({ ...good, secrets: [current, bad] }))
  assert.deepEqual(
    content.entries.get('uid-1')?.keys.map(({ keyId }) => keyId),
    [current?.keyId],
  )
  assert.match(content.problems[0]?.problem ?? '', /notAfter that is not a time/)
})

test('a malformed entry takes no other along', () => {
  const content = decodeShard(
    shard,
    new Map([
      ['uid-x', '?'],
      ['uid-1', JSON.stringify(good)],
    ]),
  )
  assert.deepEqual([...content.entries.keys()], ['uid-1'])
  assert.deepEqual(content.malformedUids, ['uid-x'])
})

const textOf = (uid: string) => JSON.stringify({ ...good, uid })

test('entries that did not change keep their decoded form, and what was wrong with them is not told again', () => {
  const uids = Array.from({ length: 200 }, (_, index) => `uid-${index}`).filter(
    (uid) => keyringSecretNameFor(uid) === shard,
  )
  const [kept = '', bad = '', changed = '', gone = ''] = uids
  const before = decodeShard(
    shard,
    new Map([
      [kept, textOf(kept)],
      [bad, '{'],
      [changed, '{'],
      [gone, textOf(gone)],
    ]),
  )
  const after = withUnchanged(decodeShard(shard, new Map([[changed, textOf(changed)]])), [kept, bad], before)
  assert.equal(after.entries.get(kept), before.entries.get(kept), 'the very same, not decoded again')
  assert.deepEqual([...after.entries.keys()].toSorted(), [kept, changed].toSorted())
  assert.deepEqual([after.malformedUids, after.problems], [[bad], []])
})
