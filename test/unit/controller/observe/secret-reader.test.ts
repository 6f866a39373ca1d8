import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Secret } from '../../../../src/kubernetes/core-kinds.ts'
import { SecretReader } from '../../../../src/controller/observe/secret-reader.ts'
import type { KubernetesClient, KubernetesObject } from '../../../../src/kubernetes/client.ts'

const key = { namespace: 'ml', name: 'signing' }
const version = (resourceVersion: string, data?: Record<string, string>): Secret => ({
  metadata: { ...key, resourceVersion },
  ...(data !== undefined && { data }),
})

/** What the watch has shown so far, and what the API server holds. */
function startReader() {
  let seen: KubernetesObject | undefined
  let live: Secret | undefined
  let reads = 0
  const client = {
    get() {
      reads += 1
      return Promise.resolve(live)
    },
  } as unknown as KubernetesClient
  const reader = new SecretReader(client, { get: () => seen })
  return {
    reader,
    reads: () => reads,
    show: (resourceVersion: string) => (seen = version(resourceVersion)),
    store: (secret: Secret | undefined) => (live = secret),
  }
}

test('a read is kept as long as the watch shows the same version', async () => {
  const { reader, reads, show, store } = startReader()
  store(version('1', { a: 'x' }))
  show('1')
  await reader.read(key)
  await reader.read(key)
  assert.equal(reads(), 1)
  store(version('2', { a: 'y' }))
  show('2')
  const newer = await reader.read(key)
  assert.equal(newer.state === 'found' && newer.value.data?.['a'], 'y')
  assert.equal(reads(), 2)
})

test('what we wrote ourselves is not read again once the watch shows it, and is no news', async () => {
  const { reader, reads, show } = startReader()
  reader.learn(version('5', { a: 'z' }))
  show('5')
  assert.equal(reader.sawOwnWrite(version('5')), true)
  const read = await reader.read(key)
  assert.equal(read.state === 'found' && read.value.data?.['a'], 'z')
  assert.equal(reads(), 0)
})

test('until the watch shows our write, and after another hand has written, the Secret is read', async () => {
  const { reader, reads, show, store } = startReader()
  show('4')
  reader.learn(version('5', { a: 'z' }))
  store(version('6', { a: 'theirs' }))
  await reader.read(key)
  assert.equal(reads(), 1)
  show('6')
  assert.equal(reader.sawOwnWrite(version('6')), false, 'somebody else wrote it')
  const read = await reader.read(key)
  assert.equal(read.state === 'found' && read.value.data?.['a'], 'theirs')
})

test('a write that the watch showed before its answer came is not mistaken for one to come', () => {
  const { reader, show } = startReader()
  show('5')
  reader.learn(version('5'))
  assert.equal(reader.sawOwnWrite(version('5')), false)
})

const secretOf = ({ namespace, name }: { namespace: string; name: string }): Secret => ({
  metadata: { namespace, name, resourceVersion: '1' },
  data: { value: 'x'.repeat(namespace === 'evil' ? 1_000 : 10) },
})

test('what one namespace makes large is not kept beyond its share, and what another has is', async () => {
  let reads: string[] = []
  const client = {
    get(_kind: unknown, asked: { namespace: string; name: string }) {
      reads.push(asked.namespace)
      return Promise.resolve(secretOf(asked))
    },
  } as unknown as KubernetesClient
  const reader = new SecretReader(client, { get: secretOf }, 20_000)
  const large = Array.from({ length: 50 }, (_, index) => ({ namespace: 'evil', name: `large-${index}` }))
  for (const each of large) await reader.read(each)
  await reader.read(key)
  reads = []
  for (const each of large) assert.equal((await reader.read(each)).state, 'found')
  assert.ok(reads.length >= 42, `${50 - reads.length} of 2,000 characters are kept of 20,000`)
  reads = []
  await reader.read(key)
  assert.deepEqual(reads, [])
  for (const each of large) reader.forget(each)
  for (const each of large.slice(0, 5)) await reader.read(each)
  reads = []
  for (const each of large.slice(0, 5)) await reader.read(each)
  assert.deepEqual(reads, [], 'what went leaves its room')
})
