import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import type { KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import { byUid } from '../../../src/controller/facts/indices.ts'
import { Memories } from '../../../src/controller/memory/memories.ts'
import { sweep } from '../../../src/controller/sweep.ts'
import { IndexedStore } from '../../../src/kubernetes/store.ts'
import { aWebhook } from '../../support/builders/a-webhook.ts'
import { shippedConfig } from '../../support/builders/shipped-config.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const webhook = aWebhook().registered({ uri: 'https://elsewhere.example.com/v1/s/ml/batch-events' }).build()
const of = (uid: string): KeyringEntry => ({ uid, namespace: 'ml', name: uid, secrets: [], sinks: [] })
const routeOf = (uid: string, webhookUid = webhook.metadata.uid): KeyringEntry => ({
  ...of(uid),
  namespace: 'team',
  route: { webhookUid, webhook: { namespace: 'ml', name: 'batch-events' }, since: '2026-11-21T12:00:00Z' },
})

interface Given {
  entries: (KeyringEntry | string)[]
  routes?: string[]
  /** Namespaces whose routes are seen. */
  seen?: string[]
  watchNamespaces?: string[]
  isLeft?: boolean
}

/** The uids whose entries a sweep takes out; an entry that is a text cannot be read. */
async function sweptOf({ entries, routes = [], seen = ['', 'team'], watchNamespaces = [], isLeft = false }: Given) {
  const store = new IndexedStore<GeminiWebhook>({ [byUid]: ({ metadata }) => [metadata.uid] })
  store.put(webhook)
  const swept: string[] = []
  await sweep({
    config: { ...shippedConfig, watchNamespaces },
    webhooks: { store, hasSynced: () => true },
    memories: new Memories(new FakeClock()),
    pool: { prune: () => undefined },
    observer: { prune: () => undefined },
    projects: { prune: () => undefined },
    unmanaged: { prune: () => undefined },
    reports: { look: () => Promise.resolve(), prune: () => Promise.resolve() },
    keyring: {
      entryOf: (uid) => entries.find((entry) => typeof entry === 'object' && entry.uid === uid) as KeyringEntry,
      prune: (isKnown) => {
        const uids = entries.map((entry) => (typeof entry === 'string' ? entry : entry.uid))
        swept.push(...uids.filter((uid) => !isKnown(uid)))
        return Promise.resolve()
      },
    },
    mayBeRoute: ({ uid, namespace }) => !seen.includes(namespace) || routes.includes(uid),
    isLeft: () => isLeft,
  })
  return swept
}

const entries = [
  of(webhook.metadata.uid),
  of('lost'),
  routeOf('route'),
  routeOf('lost-route'),
  'unread',
  'unread-route',
]

test('entries of objects that are gone are taken out, of webhooks and of routes', async () => {
  assert.deepEqual(await sweptOf({ entries, routes: ['route', 'unread-route'] }), ['lost', 'lost-route', 'unread'])
})

test('what is not seen is not taken for gone', async () => {
  assert.deepEqual(await sweptOf({ entries, seen: [] }), ['lost'], 'no routes were seen: only webhooks are judged')
  const single = { entries, routes: ['route'], watchNamespaces: ['ml', 'team'] }
  assert.deepEqual(await sweptOf({ ...single, seen: ['team'] }), ['lost-route'], 'routes of a namespace that is seen')
  assert.deepEqual(await sweptOf({ ...single, seen: [] }), [])
})

test('a route goes with its webhook to another installation', async () => {
  const given = {
    entries: [of(webhook.metadata.uid), routeOf('route'), routeOf('other', 'u2')],
    routes: ['route', 'other'],
  }
  assert.deepEqual(await sweptOf(given), [])
  assert.deepEqual(await sweptOf({ ...given, isLeft: true }), [webhook.metadata.uid, 'route'])
})
