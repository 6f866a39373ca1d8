import assert from 'node:assert/strict'
import { test } from 'node:test'

import { KeyringRoom } from '../../../../src/controller/keyring/keyring-room.ts'
import { maxShardBytes } from '../../../../src/contract/keyring/shard.ts'

const ofBytes = (bytes: number) => Buffer.alloc(bytes).toString('base64')
const secret = { keyId: '0123456789ab', secret: `whsec_${'x'.repeat(88)}` }
const ended = { ...secret, notAfter: '2026-11-30T00:00:00Z' }

/** An entry of a namespace, with so many bytes of sinks. */
function entryOf(namespace: string, { sinks = 300, secrets = [secret] as object[] } = {}): string {
  return Buffer.from(JSON.stringify({ namespace, secrets, sinks: 'x'.repeat(sinks) })).toString('base64')
}

const cases = [
  {
    name: 'all that fit together go',
    entries: { a: ofBytes(10) },
    changes: { a: ofBytes(20), b: ofBytes(maxShardBytes / 2) },
    refused: [],
  },
  {
    name: 'one that is too large is refused alone',
    entries: { a: ofBytes(10) },
    changes: { large: ofBytes(maxShardBytes), a: ofBytes(20), b: ofBytes(5) },
    refused: ['large'],
  },
  {
    name: 'what a removal frees can be used in the same patch',
    entries: { old: ofBytes(maxShardBytes) },
    changes: { new: ofBytes(0.94 * maxShardBytes), old: null },
    refused: [],
  },
  {
    name: 'an entry that shrinks is taken even where somebody else has filled the Secret beyond the bound',
    entries: { foreign: ofBytes(maxShardBytes + 100), a: ofBytes(30) },
    changes: { a: ofBytes(20), b: ofBytes(1) },
    refused: ['b'],
  },
]
for (const { name, entries, changes, refused } of cases) {
  test(name, () => {
    const sorted = new KeyringRoom().sort(entries, changes)
    assert.deepEqual(sorted.refused, refused)
    const fitting = Object.entries(changes).filter(([uid]) => !refused.some((other) => other === uid))
    assert.deepEqual(sorted.fitting, Object.fromEntries(fitting))
  })
}

test('how full it is counts the values without base64, and what was only tried does not count', () => {
  const room = new KeyringRoom()
  assert.equal(room.usedShare(undefined), 0)
  const entries = { a: ofBytes(100), b: ofBytes(101), c: ofBytes(102) }
  room.sort(entries, { d: ofBytes(1_000) })
  assert.equal(room.usedShare(entries), 303 / maxShardBytes)
  assert.equal(room.usedShare({ c: ofBytes(102) }), 102 / maxShardBytes)
})

/** Entries of one namespace as long as the Secret takes them: new ones, then larger ones, then rotated ones. */
function filledBy(namespace: string, before: Record<string, string>): Record<string, string> {
  const room = new KeyringRoom()
  let entries = before
  const add = (value: string, uids: string[]) => {
    const { fitting } = room.sort(entries, Object.fromEntries(uids.map((uid) => [uid, value])))
    entries = { ...entries, ...(fitting as Record<string, string>) }
  }
  const uids = Array.from({ length: 400 }, (_, index) => `${namespace}-${index}`)
  for (const uid of uids) if (room.takesNewEntries(entries, namespace)) add(entryOf(namespace), [uid])
  const there = Object.keys(entries).filter((uid) => uid.startsWith(namespace))
  add(entryOf(namespace, { sinks: 16_000 }), there)
  add(entryOf(namespace, { sinks: 16_000, secrets: [secret, ended, ended, ended] }), there)
  for (const uid of there) add(entryOf(namespace, { sinks: 2_000, secrets: [secret, ended, ended, ended] }), [uid])
  return entries
}

test('whatever one namespace puts into a Secret, each object of another can be rotated, and new ones registered', () => {
  const victims = Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [`victim-${index}`, entryOf('victim', { sinks: 200 + index })]),
  )
  for (const before of [{}, { 'victim-0': entryOf('victim') }, victims]) {
    const entries = filledBy('evil', before)
    const room = new KeyringRoom()
    assert.ok(room.usedShare(entries) > 0.85, 'it is filled')
    assert.equal(room.takesNewEntries(entries, 'evil'), false)
    const rotated = Object.entries(before).map(([uid, base64]) => {
      const entry = JSON.parse(Buffer.from(base64, 'base64').toString()) as object
      return [uid, Buffer.from(JSON.stringify({ ...entry, secrets: [secret, ended] })).toString('base64')] as const
    })
    assert.deepEqual(room.sort(entries, Object.fromEntries(rotated)).refused, [])
    if (Object.keys(before).length > 1) continue
    const fresh = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`new-${index}`, entryOf('victim')]))
    assert.equal(room.takesNewEntries(entries, 'victim'), true)
    assert.deepEqual(room.sort(entries, fresh).refused, [])
  }
})
