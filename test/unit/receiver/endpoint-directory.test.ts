import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import { allKeyringSecretNames, keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { decodeShard } from '../../../src/receiver/decode-shard.ts'
import { EndpointDirectory } from '../../../src/receiver/endpoint-directory.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aDynamicPart } from '../../support/doubles/dynamic-sender.ts'
import { aKeyringEntry, aSecret, aSink } from '../../support/worlds/receiver-fixture.ts'

function put(directory: EndpointDirectory, shardOf: string, ...texts: [uid: string, text: string][]): void {
  const shard = keyringSecretNameFor(shardOf)
  directory.applyShard(shard, decodeShard(shard, new Map(texts)))
}

function text(entry: KeyringEntry): [string, string] {
  return [entry.uid, JSON.stringify(entry)]
}

/** Every Secret of the keyring was looked for. */
function aSyncedDirectory(): EndpointDirectory {
  const directory = new EndpointDirectory()
  for (const shard of allKeyringSecretNames()) directory.noteMissingShard(shard)
  return directory
}

const facts = { uid: 'uid-1', namespace: 'ml', name: 'batch-events', areKeysChanging: false, checkAttemptId: undefined }

test('it is loaded with the first shard and complete only with all of them, missing ones included', () => {
  const directory = new EndpointDirectory()
  assert.deepEqual([directory.isLoaded, directory.isSynced], [false, false])
  const [first = '', ...others] = allKeyringSecretNames()
  directory.noteMissingShard(first)
  assert.deepEqual([directory.isLoaded, directory.isSynced], [true, false])
  for (const shard of others) directory.applyShard(shard, decodeShard(shard, new Map()))
  assert.equal(directory.isSynced, true)
})

test('an endpoint is what its entry says, with the names of its sinks in order, the unresolved last', () => {
  const directory = aSyncedDirectory()
  const entry = aKeyringEntry({ sinks: [aSink('b'), aSink('a')], heldSinks: ['c'] })
  put(directory, 'uid-1', text(entry))
  const endpoint = directory.lookup('ml', 'batch-events')
  assert.deepEqual(endpoint?.owner, { uid: 'uid-1', namespace: 'ml', name: 'batch-events' })
  assert.deepEqual(endpoint?.sinks, ['b', 'a', 'c'])
  assert.deepEqual(directory.entryOf('uid-1'), entry)
  assert.equal(directory.lookup('ml/batch-events', ''), undefined)
  assert.equal(directory.lookup('', 'ml/batch-events'), undefined)
})

test('for how long jobs are folded comes with the entry, and goes with it', () => {
  const directory = aSyncedDirectory()
  put(directory, 'uid-1', text(aKeyringEntry({ foldJobsForSeconds: 266_400 })))
  assert.equal(directory.lookup('ml', 'batch-events')?.foldJobsForMs, 266_400_000)
  put(directory, 'uid-1', text(aKeyringEntry()))
  const endpoint = directory.lookup('ml', 'batch-events')
  assert.ok(endpoint && !('foldJobsForMs' in endpoint))
})

test('what is mounted is served, and proves nothing about what is not in it', () => {
  const directory = new EndpointDirectory()
  const shard = keyringSecretNameFor('uid-1')
  for (const other of allKeyringSecretNames()) directory.applyMountedShard(other, decodeShard(other, new Map()))
  assert.equal(directory.isLoaded, false, 'empty folders are Secrets that may not exist')
  directory.applyMountedShard(shard, decodeShard(shard, new Map([text(aKeyringEntry())])))
  assert.deepEqual([directory.isLoaded, directory.isSynced], [true, false])
  assert.ok(directory.lookup('ml', 'batch-events'))
  assert.equal(directory.isGone('uid-of-a-newer-object'), false)
})

test('an object is gone only on proof: its shard was read and has nothing of it', () => {
  const directory = new EndpointDirectory()
  assert.equal(directory.isGone('uid-1'), false, 'nothing was read')
  directory.noteMissingShard(keyringSecretNameFor('uid-1'))
  assert.equal(directory.isGone('uid-1'), false, 'the shard is missing')
  put(directory, 'uid-1', ['uid-1', 'not an entry'])
  assert.equal(directory.isGone('uid-1'), false, 'the entry is there and cannot be read')
  put(directory, 'uid-1', text(aKeyringEntry()))
  assert.equal(directory.isGone('uid-1'), false, 'the entry is there')
  put(directory, 'uid-1')
  assert.equal(directory.isGone('uid-1'), true)
})

test('an entry goes when its shard exists without it, and stays when the shard is missing', () => {
  const directory = new EndpointDirectory()
  put(directory, 'uid-1', text(aKeyringEntry()))
  directory.noteMissingShard(keyringSecretNameFor('uid-1'))
  assert.ok(directory.lookup('ml', 'batch-events'))
  put(directory, 'uid-1')
  assert.equal(directory.lookup('ml', 'batch-events'), undefined)
  assert.equal(directory.entryOf('uid-1'), undefined)
  assert.equal(directory.size, 0)
})

test('a malformed update keeps the last good entry, until a good one comes or it is taken out', () => {
  const directory = new EndpointDirectory()
  const entry = aKeyringEntry()
  put(directory, 'uid-1', text(entry))
  put(directory, 'uid-1', ['uid-1', '{broken'])
  put(directory, 'uid-1', ['uid-1', '{broken again'])
  assert.equal(directory.lookup('ml', 'batch-events')?.keys[0]?.keyId, entry.secrets[0]?.keyId)
  const next = aKeyringEntry({ secrets: [aSecret()] })
  put(directory, 'uid-1', text(next))
  assert.equal(directory.lookup('ml', 'batch-events')?.keys[0]?.keyId, next.secrets[0]?.keyId)
  put(directory, 'uid-1')
  assert.equal(directory.lookup('ml', 'batch-events'), undefined)
})

test('what is in progress comes and goes with the object, and outlives changes of the entry', () => {
  const directory = new EndpointDirectory()
  put(directory, 'uid-1', text(aKeyringEntry()))
  directory.applyFacts({ ...facts, areKeysChanging: true, checkAttemptId: 'a-1' })
  put(directory, 'uid-1', text(aKeyringEntry()))
  const during = directory.lookup('ml', 'batch-events')
  assert.deepEqual([during?.areKeysChanging, during?.checkAttemptId], [true, 'a-1'])
  assert.deepEqual([directory.isCheckOpen('uid-1', 'a-1'), directory.isCheckOpen('uid-1', 'a-0')], [true, false])
  directory.applyFacts(facts)
  assert.equal(directory.lookup('ml', 'batch-events')?.areKeysChanging, false)
  assert.equal(directory.isCheckOpen('uid-1', 'a-1'), false)
})

test('an entry without its object is served: that is how it looks without an API server', () => {
  const directory = new EndpointDirectory()
  put(directory, 'uid-1', text(aKeyringEntry()))
  directory.applyFacts(facts)
  directory.removeFacts(facts)
  assert.equal(directory.lookup('ml', 'batch-events')?.keys.length, 1)
})

test('of two entries for one path the object that lives decides; without one, the newer', () => {
  const successor = aKeyringEntry({ uid: 'uid-2' })
  const directory = new EndpointDirectory()
  put(directory, 'uid-1', text(aKeyringEntry()))
  put(directory, 'uid-2', text(successor))
  assert.equal(directory.lookup('ml', 'batch-events')?.owner.uid, 'uid-2')
  directory.applyFacts(facts)
  assert.equal(directory.lookup('ml', 'batch-events')?.owner.uid, 'uid-1')
  directory.applyFacts({ ...facts, uid: 'uid-3' })
  assert.deepEqual(directory.lookup('ml', 'batch-events')?.keys, [], 'its own keys have not arrived')
  directory.removeFacts(facts)
  assert.equal(
    directory.lookup('ml', 'batch-events')?.owner.uid,
    'uid-3',
    'the late delete of a predecessor is old news',
  )
  directory.removeFacts({ ...facts, uid: 'uid-3' })
  put(directory, 'uid-2')
  assert.equal(directory.lookup('ml', 'batch-events')?.owner.uid, 'uid-1')
})

test('the two uids above live in different shards, or the case would be weaker than it looks', () => {
  assert.notEqual(keyringSecretNameFor('uid-1'), keyringSecretNameFor('uid-2'))
})

const sinksOf = (directory: EndpointDirectory) => directory.lookup('ml', 'batch-events')?.sinks
const routesOf = (directory: EndpointDirectory, webhookUid = 'uid-1') =>
  directory
    .routesOf(webhookUid)
    .matching(anEvent(), 'batch.succeeded')
    .map(({ uid }) => uid)

test('events of a webhook are handed on to routes from the first on, and no longer than there is one', () => {
  const directory = aSyncedDirectory()
  put(directory, 'uid-1', text(aKeyringEntry()))
  assert.deepEqual(sinksOf(directory), ['worker'])
  const route = aRouteEntry()
  put(directory, route.uid, text(route))
  assert.deepEqual([sinksOf(directory), routesOf(directory)], [['worker', '$routes'], [route.uid]])
  put(directory, route.uid, text(aRouteEntry({ route: { refused: true } })))
  assert.deepEqual([sinksOf(directory), routesOf(directory)], [['worker'], []])
  assert.ok(directory.entryOf(route.uid), 'its sinks stay known')
  put(directory, route.uid, text(route))
  put(directory, route.uid)
  assert.deepEqual([sinksOf(directory), routesOf(directory)], [['worker'], []])
  assert.equal(directory.entryOf(route.uid), undefined)
})

test('a route may come before its webhook', () => {
  const directory = new EndpointDirectory()
  const route = aRouteEntry()
  put(directory, route.uid, text(route))
  assert.equal(directory.size, 0)
  put(directory, 'uid-1', text(aKeyringEntry()))
  assert.deepEqual([sinksOf(directory), routesOf(directory)], [['worker', '$routes'], [route.uid]])
})

test('a route that goes over to another webhook leaves the first', () => {
  const directory = aSyncedDirectory()
  put(directory, 'uid-1', text(aKeyringEntry()))
  put(directory, 'uid-2', text(aKeyringEntry({ uid: 'uid-2', name: 'other' })))
  const route = aRouteEntry()
  put(directory, route.uid, text(route))
  put(directory, route.uid, text(aRouteEntry({ route: { webhookUid: 'uid-2' } })))
  assert.deepEqual([sinksOf(directory), routesOf(directory)], [['worker'], []])
  assert.deepEqual(directory.lookup('ml', 'other')?.sinks, ['worker', '$routes'])
  assert.deepEqual(routesOf(directory, 'uid-2'), [route.uid])
})

test('a route is no endpoint, also where a webhook has its name', () => {
  const directory = new EndpointDirectory()
  const route = aRouteEntry({ namespace: 'ml', name: 'batch-events', route: { webhookUid: 'uid-9' } })
  put(directory, route.uid, text(route))
  assert.deepEqual([directory.lookup('ml', 'batch-events'), directory.size], [undefined, 0])
  put(directory, 'uid-1', text(aKeyringEntry()))
  put(directory, route.uid, text({ ...route, heldSinks: ['x'] }))
  assert.equal(directory.lookup('ml', 'batch-events')?.owner.uid, 'uid-1')
  put(directory, route.uid)
  assert.equal(directory.lookup('ml', 'batch-events')?.keys.length, 1)
  assert.equal(directory.isGone(route.uid), true)
})

test('while some of the keyring is not read, every webhook may have routes: an event that is stored then must not miss them', () => {
  const directory = new EndpointDirectory()
  const shard = keyringSecretNameFor('uid-1')
  const sinks = () => directory.lookup('ml', 'batch-events')?.sinks
  directory.applyMountedShard(shard, decodeShard(shard, new Map([text(aKeyringEntry({ sinks: [aSink('worker')] }))])))
  assert.deepEqual(sinks(), ['worker'], 'what is mounted is served by itself while the API server is away')
  const others = allKeyringSecretNames().filter((name) => name !== shard)
  directory.noteMissingShard(others[0] ?? '')
  assert.deepEqual(sinks(), ['worker', '$routes'])
  put(directory, 'uid-1', text(aKeyringEntry({ sinks: [aSink('worker')] })))
  assert.deepEqual(sinks(), ['worker', '$routes'])
  for (const other of others) directory.noteMissingShard(other)
  assert.deepEqual(sinks(), ['worker'], 'it is known now that there are none')
})

test('an object is read with its shard, and not by a mount of it', () => {
  const directory = new EndpointDirectory()
  const shard = keyringSecretNameFor('uid-1')
  directory.applyMountedShard(shard, decodeShard(shard, new Map([text(aKeyringEntry())])))
  assert.equal(directory.isRead('uid-1'), false)
  put(directory, 'uid-1', text(aKeyringEntry()))
  assert.equal(directory.isRead('uid-1'), true)
})

test('the endpoints of routes are apart from those of webhooks, and public keys are needed from the first on', () => {
  const seen = { count: 0 }
  const directory = new EndpointDirectory(() => void (seen.count += 1))
  const dynamic = aDynamicPart('token')
  const route = aRouteEntry({ dynamic })
  const { uid, namespace, name } = route
  put(directory, uid, text(aRouteEntry()))
  assert.deepEqual([seen.count, directory.lookupRoute(namespace, name)], [0, undefined])
  put(directory, uid, text(route))
  assert.equal(seen.count, 1)
  assert.equal(directory.lookup(namespace, name), undefined)
  assert.equal(directory.lookup(namespace, `groute/${name}`), undefined)
  assert.deepEqual(directory.lookupRoute(namespace, name)?.owner, { uid, namespace, name: `groute/${name}` })
  put(directory, uid, text(aRouteEntry({ dynamic, name: 'another' })))
  assert.equal(directory.lookupRoute(namespace, name), undefined, 'an entry says what is so now')
  put(directory, uid, text(aRouteEntry({ dynamic, name: 'another', route: { refused: true } })))
  assert.equal(directory.lookupRoute(namespace, 'another'), undefined)
  put(directory, uid, text(route))
  put(directory, uid, [uid, 'nonsense'])
  assert.ok(directory.lookupRoute(namespace, name), 'what cannot be read proves nothing')
  put(directory, uid)
  assert.equal(directory.lookupRoute(namespace, name), undefined)
})
