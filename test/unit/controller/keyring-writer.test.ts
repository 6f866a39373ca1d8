import assert from 'node:assert/strict'
import { test } from 'node:test'

import { KeyringWriter } from '../../../src/controller/keyring-writer.ts'
import type { Secret } from '../../../src/controller/kinds.ts'
import { keyringSecretNameFor } from '../../../src/keyring/shard.ts'
import { KubernetesApiError, type KubernetesClient } from '../../../src/kubernetes/client.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** One keyring Secret in memory, and what was asked of it; every other call is one that nobody scripted. */
function startWriter(options: { drops?: boolean } = {}) {
  const clock = new FakeClock()
  const calls: { verb: string; data: Record<string, string | null> }[] = []
  let version = 0
  let stored: Secret | undefined
  const answer = (data: Record<string, string>): Secret => {
    version += 1
    stored = { metadata: { name: 'shard', uid: 'shard-uid', resourceVersion: `${version}` }, data }
    return stored
  }
  const client = {
    create(_kind: unknown, secret: Secret) {
      calls.push({ verb: 'create', data: secret.data ?? {} })
      if (stored !== undefined) throw new KubernetesApiError({ status: 409, reason: 'AlreadyExists', message: '' })
      return Promise.resolve(answer(options.drops === true ? {} : (secret.data ?? {})))
    },
    patch(_kind: unknown, _key: unknown, { data }: { data: Record<string, string | null> }) {
      calls.push({ verb: 'patch', data })
      const merged = Object.entries({ ...stored?.data, ...data }).filter((entry) => entry[1] !== null)
      return Promise.resolve(answer(Object.fromEntries(merged) as Record<string, string>))
    },
  } as unknown as KubernetesClient
  const writer = new KeyringWriter({ client, namespace: 'gwh', clock, batchMs: 20 })
  return { writer, clock, calls, stored: () => stored }
}

/** Uids that share one keyring Secret. */
function uidsOfOneShard(count: number): string[] {
  const wanted = keyringSecretNameFor('uid-0')
  const uids = Array.from({ length: 500 }, (_, index) => `uid-${index}`)
  return uids.filter((uid) => keyringSecretNameFor(uid) === wanted).slice(0, count)
}

const entry = (uid: string, secret = 'whsec_x') => ({
  uid,
  namespace: 'ml',
  name: 'n',
  secrets: [{ keyId: 'k', secret }],
  sinks: [],
})

test('entries that wait for the same Secret share one write', async () => {
  const { writer, clock, calls } = startWriter()
  const uids = uidsOfOneShard(3)
  const writes = uids.map((uid) => writer.write(entry(uid)))
  await clock.advance({ ms: 20 })
  await Promise.all(writes)
  assert.equal(calls.length, 1)
  assert.deepEqual(Object.keys(calls[0]?.data ?? {}), uids)
  assert.deepEqual(writer.entryOf(uids[1] ?? ''), entry(uids[1] ?? ''))
})

test('a later write is a merge patch of exactly the changed keys', async () => {
  const { writer, clock, calls } = startWriter()
  const [first = '', second = ''] = uidsOfOneShard(2)
  for (const uid of [first, second]) {
    const written = writer.write(entry(uid))
    await clock.advance({ ms: 20 })
    await written
  }
  const changed = writer.write(entry(second, 'whsec_y'))
  await clock.advance({ ms: 20 })
  await changed
  assert.deepEqual(
    calls.map(({ verb, data }) => [verb, Object.keys(data)]),
    [
      ['create', [first]],
      ['patch', [second]],
      ['patch', [second]],
    ],
  )
})

test('two writes of one key before the patch end in the newer one, and both callers are served', async () => {
  const { writer, clock, calls } = startWriter()
  const [uid = ''] = uidsOfOneShard(1)
  const both = [writer.write(entry(uid, 'whsec_old')), writer.write(entry(uid, 'whsec_new'))]
  await clock.advance({ ms: 20 })
  await Promise.all(both)
  assert.equal(calls.length, 1)
  assert.equal(writer.entryOf(uid)?.secrets[0]?.secret, 'whsec_new')
})

test('a Secret that somebody else was faster to create is patched', async () => {
  const { writer, clock, calls } = startWriter()
  const [first = '', second = ''] = uidsOfOneShard(2)
  const one = writer.write(entry(first))
  await clock.advance({ ms: 20 })
  await one
  writer.observe(keyringSecretNameFor(first), undefined)
  const two = writer.write(entry(second))
  await clock.advance({ ms: 20 })
  await two
  assert.deepEqual(
    calls.map(({ verb }) => verb),
    ['create', 'create', 'patch'],
  )
  assert.notEqual(writer.entryOf(first), undefined, 'the other entry is still there')
})

test('an answer without the key that was written is a failure', async () => {
  const { writer, clock } = startWriter({ drops: true })
  const written = assert.rejects(writer.write(entry('uid-0')), /reads back otherwise/)
  await clock.advance({ ms: 20 })
  await written
})

test('pruning takes out exactly what nobody knows, and removing what is not there costs no call', async () => {
  const { writer, clock, calls } = startWriter()
  const [first = '', second = ''] = uidsOfOneShard(2)
  const both = [writer.write(entry(first)), writer.write(entry(second))]
  await clock.advance({ ms: 20 })
  await Promise.all(both)
  const pruned = writer.prune((uid) => uid === first)
  await clock.advance({ ms: 20 })
  await pruned
  assert.deepEqual(calls.at(-1), { verb: 'patch', data: { [second]: null } })
  await writer.remove(second)
  assert.equal(calls.length, 2)
})

test('a watch event older than our own write is ignored', async () => {
  const { writer, clock, stored } = startWriter()
  const [first = '', second = ''] = uidsOfOneShard(2)
  const one = writer.write(entry(first))
  await clock.advance({ ms: 20 })
  await one
  const old = stored()
  const two = writer.write(entry(second))
  await clock.advance({ ms: 20 })
  await two
  assert.deepEqual(writer.observe(keyringSecretNameFor(first), old), [])
  assert.notEqual(writer.entryOf(second), undefined)
  assert.deepEqual(writer.observe(keyringSecretNameFor(first), undefined), [first, second])
})

test('an entry that cannot be read counts as missing', () => {
  const { writer } = startWriter()
  const data = { 'uid-0': Buffer.from('{"secrets": 1}').toString('base64') }
  writer.observe(keyringSecretNameFor('uid-0'), { metadata: { name: 'shard', resourceVersion: '1' }, data })
  assert.equal(writer.entryOf('uid-0'), undefined)
})
