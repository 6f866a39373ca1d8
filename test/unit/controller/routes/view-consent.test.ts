import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiRoute } from '../../../../src/api/gemini-route.ts'
import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { maxRoutesOfWebhook } from '../../../../src/controller/routes/consent.ts'
import { countRoutes, toldOtherwise } from '../../../../src/controller/routes/count-routes.ts'
import { byWebhookRef, idOfRef, refOf } from '../../../../src/controller/routes/route-indices.ts'
import { viewConsent, type ConsentSources } from '../../../../src/controller/routes/view-consent.ts'
import { IndexedStore } from '../../../../src/kubernetes/store.ts'
import { aRoute } from '../../../support/builders/a-route.ts'
import { aWebhook, installation } from '../../../support/builders/a-webhook.ts'

const claimed = { installationID: installation.id, installationToken: installation.token }
const open = { namespaces: { from: 'All' as const } }
const aServedWebhook = () => aWebhook().registered().status(claimed).spec({ allowedRoutes: open })

interface Given {
  webhook?: GeminiWebhook | undefined
  routes?: GeminiRoute[]
  labels?: Record<string, string>
  isInKeyring?: boolean
  watchNamespaces?: string[]
  areWebhooksRead?: boolean
  isConfirmed?: boolean
}

function sources(given: Given = {}): ConsentSources {
  const { watchNamespaces = [], isInKeyring = true, isConfirmed = true, labels } = given
  const webhook = 'webhook' in given ? given.webhook : aServedWebhook().build()
  const routes = new IndexedStore<GeminiRoute>({ [byWebhookRef]: (route) => [idOfRef(refOf(route))] })
  for (const route of given.routes ?? []) routes.put(route)
  const namespaces = new IndexedStore()
  if (labels !== undefined) namespaces.put({ metadata: { name: 'team-search', labels } })
  return {
    webhooks: {
      get: (key) =>
        key.name === webhook?.metadata.name && key.namespace === webhook.metadata.namespace ? webhook : undefined,
    },
    areWebhooksRead: () => given.areWebhooksRead ?? true,
    routes,
    namespaces: watchNamespaces.length === 0 ? namespaces : undefined,
    keyring: {
      entryOf: () => (isInKeyring ? { uid: '', namespace: '', name: '', secrets: [], sinks: [] } : undefined),
    },
    installation: () =>
      isConfirmed ? { state: 'confirmed', ...installation } : { state: 'unconfirmed', message: 'not confirmed' },
    config: { watchNamespaces },
  }
}

const viewOf = (given: Given, route = aRoute()) => viewConsent(route, sources(given))

test('a webhook that the receivers know is served, and one of ours that is new will be', () => {
  assert.equal(viewOf({}).webhook?.service.state, 'served')
  assert.equal(viewOf({ isInKeyring: false }).webhook?.service.state, 'coming')
})

test('one that nobody has claimed, or of an installation that is not confirmed, is not begun with', () => {
  const unclaimed = aWebhook().spec({ allowedRoutes: open }).build()
  assert.equal(viewOf({ webhook: unclaimed, isInKeyring: false }).webhook?.service.state, 'notServed')
  const fresh = { webhook: unclaimed, isInKeyring: false, isConfirmed: false }
  assert.equal(viewOf(fresh).webhook?.service.state, 'notServed')
  const known = { webhook: unclaimed, isConfirmed: false }
  assert.equal(viewOf(known).webhook?.service.state, 'served', 'what was served before goes on')
})

test('one that is being deleted, or has a server of its own, is not served', () => {
  const going = aServedWebhook().deleting().build()
  assert.equal(viewOf({ webhook: going }).webhook?.service.state, 'notServed')
  const external = aServedWebhook()
    .spec({ endpoint: { url: 'https://mine.example.com/' } })
    .build()
  assert.equal(viewOf({ webhook: external }).webhook?.service.state, 'notServed')
})

test('the webhook of another installation has its routes served there', () => {
  const webhook = aServedWebhook().status({ installationID: 'another' }).build()
  assert.equal(viewOf({ webhook }).webhook?.service.state, 'elsewhere')
  assert.equal(viewOf({ webhook }).webhook?.permission, 'yes', 'what its owner allows is judged all the same')
})

test('a reference without a namespace means that of the route', () => {
  assert.equal(viewOf({}, aRoute({ spec: { webhookRef: { name: 'batch-events' } } })).webhook, undefined)
  const own = aRoute({ metadata: { namespace: 'ml' }, spec: { webhookRef: { name: 'batch-events' } } })
  assert.equal(
    viewOf({ webhook: aServedWebhook().spec({ allowedRoutes: undefined }).build() }, own).webhook?.permission,
    'yes',
  )
})

test('labels come from the namespace of the route; before it was seen they are not known', () => {
  const selector = { matchLabels: { tier: 'gold' } }
  const webhook = aServedWebhook()
    .spec({ allowedRoutes: { namespaces: { from: 'Selector', selector } } })
    .build()
  assert.equal(viewOf({ webhook }).webhook?.permission, 'unknown')
  assert.equal(viewOf({ webhook, labels: { tier: 'gold' } }).webhook?.permission, 'yes')
  assert.equal(viewOf({ webhook, labels: {} }).webhook?.permission, 'no')
  const single = viewOf({ webhook, watchNamespaces: ['ml', 'team-search'] })
  assert.deepEqual([single.webhook?.permission, single.asksUnwatchedLabels], ['no', true])
  assert.equal(viewOf({ watchNamespaces: ['team-search'], webhook: undefined }).isNamespaceWatched, false)
})

/** As many routes as are allowed and `more`, each a second younger than the one before. */
function manyRoutes(more: number): GeminiRoute[] {
  return Array.from({ length: maxRoutesOfWebhook + more }, (_, index) =>
    aRoute({
      metadata: {
        name: `route-${index}`,
        uid: `uid-${index}`,
        creationTimestamp: `${new Date(Date.UTC(2026, 10, 1) + index * 1000).toISOString().slice(0, 19)}Z`,
      },
    }),
  )
}

const isWithin = (given: GeminiRoute[], route: GeminiRoute | undefined) =>
  viewOf({ routes: given }, route).webhook?.isWithinBound

test('of more routes than the bound the oldest are within it, in whatever order they came', () => {
  const routes = manyRoutes(2)
  for (const given of [routes, routes.toReversed()]) {
    assert.equal(isWithin(given, routes[maxRoutesOfWebhook - 1]), true)
    assert.equal(isWithin(given, routes[maxRoutesOfWebhook]), false)
  }
  assert.equal(isWithin(routes.slice(2), routes.at(-1)), true, 'two went')
})

test('routes that are not allowed take no place', () => {
  const routes = manyRoutes(1)
  const strangers = routes.slice(0, 5).map(({ metadata }) => aRoute({ metadata: { ...metadata, namespace: 'other' } }))
  const webhook = aServedWebhook()
    .spec({ allowedRoutes: { namespaces: { from: 'Names', names: ['team-search'] } } })
    .build()
  const given = { webhook, routes: [...strangers, ...routes.slice(5)] }
  assert.equal(viewOf(given, routes.at(-1)).webhook?.isWithinBound, true)
  assert.deepEqual(countRoutes(webhook, sources(given)), { attached: maxRoutesOfWebhook - 4, refused: 5 })
})

test('a webhook counts no more routes as attached than may be', () => {
  const webhook = aServedWebhook().build()
  assert.deepEqual(countRoutes(webhook, sources({ routes: manyRoutes(3) })), { attached: 1_000, refused: 3 })
  assert.deepEqual(countRoutes(webhook, sources()), { attached: 0, refused: 0 })
})

test('those are looked at again whose place at the bound has changed, and no others', () => {
  const webhook = aServedWebhook().build()
  const lastTransitionTime = '2026-11-21T12:00:00Z'
  const told = (route: GeminiRoute, reason: 'Attached' | 'TooManyRoutes'): GeminiRoute => ({
    ...route,
    status: {
      conditions: [
        { type: 'Accepted', status: 'True', reason, message: '', observedGeneration: 1, lastTransitionTime },
      ],
    },
  })
  const routes = manyRoutes(2).map((route, index) =>
    told(route, index < maxRoutesOfWebhook ? 'Attached' : 'TooManyRoutes'),
  )
  const moved = (given: GeminiRoute[]) =>
    toldOtherwise(webhook, sources({ routes: given })).map(({ metadata }) => metadata.name)
  assert.deepEqual(moved(routes), [])
  assert.deepEqual(moved(routes.slice(1)), ['route-1000'], 'the first in line')
  assert.deepEqual(moved(routes.slice(2)), ['route-1000', 'route-1001'], 'and both where none is too many any more')
  const older = told(
    aRoute({ metadata: { name: 'older', creationTimestamp: '2026-10-01T00:00:00Z' } }),
    'TooManyRoutes',
  )
  assert.deepEqual(moved([...routes, older]), ['older', 'route-999'], 'an older one takes the place of the youngest')
})

test('who is told an old readiness of the webhook is looked at again, and after a flap nobody is', () => {
  const [ready, unready] = (['True', 'False'] as const).map((status) => aServedWebhook().readiness(status).build())
  assert.ok(ready !== undefined && unready !== undefined)
  const named = { namespace: 'ml', name: 'batch-events' }
  const told = { ...named, uid: ready.metadata.uid, ready: 'True' as const }
  const routes = [
    aRoute({ metadata: { name: 'attached' }, status: { webhook: told } }),
    aRoute({ metadata: { name: 'refused' }, status: { webhook: named } }),
  ]
  const old = (webhook: GeminiWebhook) =>
    toldOtherwise(webhook, sources({ webhook, routes })).map(({ metadata }) => metadata.name)
  assert.deepEqual(old(unready), ['attached'])
  assert.deepEqual(old(ready), [])
})
