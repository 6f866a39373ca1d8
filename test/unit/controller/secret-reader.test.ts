import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Secret } from '../../../src/controller/kinds.ts'
import { SecretReader } from '../../../src/controller/secret-reader.ts'
import type { KubernetesClient, KubernetesObject } from '../../../src/kubernetes/client.ts'

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
