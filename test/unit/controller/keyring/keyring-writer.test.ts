import assert from 'node:assert/strict'
import { test } from 'node:test'

import { KeyringWriter } from '../../../../src/controller/keyring/keyring-writer.ts'
import type { Secret } from '../../../../src/kubernetes/core-kinds.ts'
import { FailedCall } from '../../../../src/controller/facts/failure-class.ts'
import { keyringSecretNameFor, maxShardBytes } from '../../../../src/contract/keyring/shard.ts'
import { KubernetesApiError, type KubernetesClient } from '../../../../src/kubernetes/client.ts'
import { FakeClock, settle } from '../../../support/doubles/fake-clock.ts'

/** One keyring Secret in memory, and what was asked of it; every other call is one that nobody scripted. */
function startWriter(options: { drops?: boolean } = {}) {
  const clock = new FakeClock()
  const calls: { verb: string; data: Record<string, string | null> }[] = []
  let version = 0
  let stored: Secret | undefined
  let gate: Promise<void> | undefined
  let failure: Error | undefined
  const answer = async (data: Record<string, string>, { dryRun }: { dryRun?: boolean } = {}): Promise<Secret> => {
    const error = failure
    failure = undefined
    await gate
    if (error !== undefined) throw error
    if (dryRun === true) return { metadata: { name: 'shard', uid: 'shard-uid', resourceVersion: `${version}` }, data }
    version += 1
    stored = { metadata: { name: 'shard', uid: 'shard-uid', resourceVersion: `${version}` }, data }
    return stored
  }
  const client = {
    create(_kind: unknown, secret: Secret, write: { dryRun?: boolean } = {}) {
      calls.push({ verb: write.dryRun === true ? 'rehearse create' : 'create', data: secret.data ?? {} })
      if (stored !== undefined) throw new KubernetesApiError({ status: 409, reason: 'AlreadyExists', message: '' })
      return answer(options.drops === true ? {} : (secret.data ?? {}), write)
    },
    patch(
      _kind: unknown,
      _key: unknown,
      { data }: { data: Record<string, string | null> },
      write: { dryRun?: boolean } = {},
    ) {
      calls.push({ verb: write.dryRun === true ? 'rehearse patch' : 'patch', data })
      const merged = Object.entries({ ...stored?.data, ...data }).filter((entry) => entry[1] !== null)
      return answer(Object.fromEntries(merged) as Record<string, string>, write)
    },
  } as unknown as KubernetesClient
  const writer = new KeyringWriter({ client, namespace: 'gwh', clock, batchMs: 20 })
  return {
    writer,
    clock,
    calls,
    stored: () => stored,
    /** Calls answer only after the returned function was called. */
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
    /** The next call fails. */
    fail: (error: Error) => {
      failure = error
    },
  }
}

/** Longer than waiting for company and the rest of a Secret with a few entries. */
const aWhile = { ms: 200 }

/** Uids that share one keyring Secret. */
function uidsOfOneShard(count: number): string[] {
  const wanted = keyringSecretNameFor('uid-0')
  const uids = Array.from({ length: count * 32 + 500 }, (_, index) => `uid-${index}`)
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
  await clock.advance(aWhile)
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
    await clock.advance(aWhile)
    await written
  }
  const changed = writer.write(entry(second, 'whsec_y'))
  await clock.advance(aWhile)
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

test('what comes while a patch is under way, or in the rest after it, goes in one patch', async () => {
  const { writer, clock, calls, hold } = startWriter()
  const uids = uidsOfOneShard(12)
  const writes = uids.slice(0, 1).map((uid) => writer.write(entry(uid)))
  const release = hold()
  await clock.advance(aWhile)
  assert.equal(calls.length, 1)
  writes.push(...uids.slice(1, 6).map((uid) => writer.write(entry(uid))))
  await clock.advance({ seconds: 10 })
  assert.equal(calls.length, 1, 'one at a time')
  release()
  await settle()
  writes.push(...uids.slice(6).map((uid) => writer.write(entry(uid))))
  await clock.advance({ ms: 32 })
  await Promise.all(writes)
  assert.deepEqual(
    calls.map(({ data }) => Object.keys(data)),
    [uids.slice(0, 1), uids.slice(1)],
  )
})

test('a Secret rests after a patch in proportion to what it holds, 5 s at most', async () => {
  for (const [held, restMs] of [
    [100, 3200],
    [1000, 5000],
  ] as const) {
    const { writer, clock, calls } = startWriter()
    const uids = uidsOfOneShard(held + 1)
    const all = uids.slice(0, held).map((uid) => writer.write(entry(uid)))
    await clock.advance({ ms: 20 })
    await Promise.all(all)
    const late = writer.write(entry(uids.at(-1) ?? ''))
    await clock.advance({ ms: restMs - 1 })
    assert.equal(calls.length, 1)
    await clock.advance({ ms: 1 })
    await late
    assert.equal(calls.length, 2)
  }
})

test('who comes to a quiet Secret waits for nothing but company, however much it holds', async () => {
  const { writer, clock, calls } = startWriter()
  const uids = uidsOfOneShard(100)
  const all = uids.map((uid) => writer.write(entry(uid)))
  await clock.advance({ ms: 20 })
  await Promise.all(all)
  await clock.advance({ ms: 3200 })
  const rotated = writer.write(entry(uids[0] ?? '', 'whsec_y'))
  await clock.advance({ ms: 20 })
  await rotated
  assert.equal(calls.length, 2)
})

test('a patch that fails fails all who waited for it, and the next is tried after the rest', async () => {
  const { writer, clock, calls, fail } = startWriter()
  const uids = uidsOfOneShard(3)
  fail(new KubernetesApiError({ status: 500, reason: 'InternalError', message: 'no' }))
  const failed = uids.slice(0, 2).map((uid) => assert.rejects(writer.write(entry(uid)), /no/))
  await clock.advance(aWhile)
  await Promise.all(failed)
  const written = writer.write(entry(uids[2] ?? ''))
  await clock.advance(aWhile)
  await written
  assert.equal(calls.length, 2)
})

test('an entry that the Secret cannot hold is refused alone, and those that share its patch are stored', async () => {
  const { writer, clock, calls } = startWriter()
  const [first = '', large = '', third = ''] = uidsOfOneShard(3)
  const written = [writer.write(entry(first)), writer.write(entry(third))]
  const refused = assert.rejects(writer.write(entry(large, 'x'.repeat(maxShardBytes))), (error) => {
    assert.ok(error instanceof FailedCall)
    assert.equal(error.failure.reason, 'KeyringFull')
    assert.ok(error.failure.message.includes(keyringSecretNameFor(large)))
    return true
  })
  await clock.advance(aWhile)
  await Promise.all([...written, refused])
  assert.deepEqual(
    calls.map(({ data }) => Object.keys(data)),
    [[first, third]],
  )
})

test('a Secret in which a namespace has nearly all it may have takes no new objects of it, but those that are there, and others', async () => {
  const { writer, clock } = startWriter()
  const [first = '', second = ''] = uidsOfOneShard(2)
  const [one, another] = [entry(first, 'x'.repeat(0.9 * maxShardBytes)), entry(second)]
  assert.equal(writer.hasRoomFor(one), true)
  const written = writer.write(one)
  await clock.advance(aWhile)
  await written
  assert.equal(writer.hasRoomFor(one), true)
  assert.equal(writer.hasRoomFor(another), false)
  assert.equal(writer.hasRoomFor({ ...another, namespace: 'other' }), true)
  assert.ok(writer.usedShare() > 0.9 && writer.usedShare() < 0.91, String(writer.usedShare()))
})

test('two writes of one key before the patch end in the newer one, and both callers are served', async () => {
  const { writer, clock, calls } = startWriter()
  const [uid = ''] = uidsOfOneShard(1)
  const both = [writer.write(entry(uid, 'whsec_old')), writer.write(entry(uid, 'whsec_new'))]
  await clock.advance(aWhile)
  await Promise.all(both)
  assert.equal(calls.length, 1)
  assert.equal(writer.entryOf(uid)?.secrets[0]?.secret, 'whsec_new')
})

test('a Secret that somebody else was faster to create is patched', async () => {
  const { writer, clock, calls } = startWriter()
  const [first = '', second = ''] = uidsOfOneShard(2)
  const one = writer.write(entry(first))
  await clock.advance(aWhile)
  await one
  writer.observe(keyringSecretNameFor(first), undefined)
  const two = writer.write(entry(second))
  await clock.advance(aWhile)
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
  await clock.advance(aWhile)
  await written
})

test('pruning takes out exactly what nobody knows, and removing what is not there costs no call', async () => {
  const { writer, clock, calls } = startWriter()
  const [first = '', second = ''] = uidsOfOneShard(2)
  const both = [writer.write(entry(first)), writer.write(entry(second))]
  await clock.advance(aWhile)
  await Promise.all(both)
  const pruned = writer.prune((uid) => uid === first)
  await clock.advance(aWhile)
  await pruned
  assert.deepEqual(calls.at(-1), { verb: 'patch', data: { [second]: null } })
  await writer.remove(second)
  assert.equal(calls.length, 2)
})

test('a watch event older than our own write is ignored', async () => {
  const { writer, clock, stored } = startWriter()
  const [first = '', second = ''] = uidsOfOneShard(2)
  const one = writer.write(entry(first))
  await clock.advance(aWhile)
  await one
  const old = stored()
  const two = writer.write(entry(second))
  await clock.advance(aWhile)
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

test('a rehearsal shows the API server the entry, and stores nothing; whoever asks at once shares one', async () => {
  const { writer, clock, calls, stored } = startWriter()
  const [first = '', second = ''] = uidsOfOneShard(2)
  const rehearsed = Promise.all([writer.rehearse(entry(first)), writer.rehearse(entry(second))])
  await clock.advance(aWhile)
  await rehearsed
  assert.deepEqual(
    calls.map(({ verb, data }) => [verb, Object.keys(data).toSorted()]),
    [['rehearse create', [first, second].toSorted()]],
  )
  assert.equal(stored(), undefined)
  assert.equal(writer.entryOf(first), undefined)

  const written = writer.write(entry(first))
  await clock.advance(aWhile)
  await written
  const again = writer.rehearse(entry(first, 'whsec_y'))
  await clock.advance(aWhile)
  await again
  assert.deepEqual(
    calls.slice(1).map(({ verb }) => verb),
    ['create', 'rehearse patch'],
  )
  assert.equal(writer.entryOf(first)?.secrets[0]?.secret, 'whsec_x')
})

test('a rehearsal that is refused says why, and the next is another', async () => {
  const { writer, clock, fail } = startWriter()
  const [uid = ''] = uidsOfOneShard(1)
  fail(new KubernetesApiError({ status: 422, reason: 'Invalid', message: 'immutable' }))
  const refused = assert.rejects(writer.rehearse(entry(uid)), /immutable/)
  await clock.advance(aWhile)
  await refused
  const taken = writer.rehearse(entry(uid))
  await clock.advance(aWhile)
  await taken
})

test('no write waits for a rehearsal that is under way', async () => {
  const { writer, clock, calls, hold } = startWriter()
  const [uid = ''] = uidsOfOneShard(1)
  const release = hold()
  const rehearsed = writer.rehearse(entry(uid))
  await clock.advance(aWhile)
  const written = writer.write(entry(uid))
  await clock.advance(aWhile)
  assert.deepEqual(
    calls.map(({ verb }) => verb),
    ['rehearse create', 'create'],
  )
  release()
  await Promise.all([rehearsed, written])
})

test('an API server that keeps something else than it was sent is found by the rehearsal', async () => {
  const { writer, clock } = startWriter({ drops: true })
  const [uid = ''] = uidsOfOneShard(1)
  const refused = assert.rejects(writer.rehearse(entry(uid)), (error) => {
    assert.ok(error instanceof FailedCall)
    assert.equal(error.failure.class, 'refused')
    return /reads back otherwise/.test(error.message)
  })
  await clock.advance(aWhile)
  await refused
})
