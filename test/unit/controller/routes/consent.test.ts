import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import type { AllowedRoutes } from '../../../../src/api/allowed-routes.ts'
import {
  inTurns,
  isBefore,
  judgeConsent,
  judgePermission,
  placesBefore,
  type Consent,
  type ConsentView,
  type NamespaceLabels,
} from '../../../../src/controller/routes/consent.ts'

const gold: NamespaceLabels = { state: 'known', labels: { tier: 'gold' } }
const iron: NamespaceLabels = { state: 'known', labels: { tier: 'iron' } }
const unread: NamespaceLabels = { state: 'unread' }
const unwatched: NamespaceLabels = { state: 'unwatched' }
const selected: AllowedRoutes = { namespaces: { from: 'Selector', selector: { matchLabels: { tier: 'gold' } } } }

const permissions: {
  name: string
  namespace?: string
  labels?: NamespaceLabels
  allowed: AllowedRoutes | undefined
  want: string
}[] = [
  { name: 'nothing is said: others are not allowed', allowed: undefined, want: 'no' },
  { name: 'nothing is said: the own namespace is', namespace: 'ml', allowed: undefined, want: 'yes' },
  { name: 'only types are named: others are not allowed', allowed: { types: ['batch.succeeded'] }, want: 'no' },
  { name: 'Same', allowed: { namespaces: { from: 'Same' } }, want: 'no' },
  { name: 'All', allowed: { namespaces: { from: 'All' } }, want: 'yes' },
  { name: 'Names, named', allowed: { namespaces: { from: 'Names', names: ['a', 'team-search'] } }, want: 'yes' },
  { name: 'Names, not named', allowed: { namespaces: { from: 'Names', names: ['team'] } }, want: 'no' },
  { name: 'Names without any', allowed: { namespaces: { from: 'Names' } }, want: 'no' },
  {
    name: 'the own namespace is always allowed',
    namespace: 'ml',
    allowed: { namespaces: { from: 'Names', names: ['a'] } },
    want: 'yes',
  },
  { name: 'Selector, selected', labels: gold, allowed: selected, want: 'yes' },
  { name: 'Selector, not selected', labels: iron, allowed: selected, want: 'no' },
  { name: 'Selector, labels not read yet', labels: unread, allowed: selected, want: 'unknown' },
  { name: 'Selector, labels out of reach', labels: unwatched, allowed: selected, want: 'no' },
  {
    name: 'Selector without one selects nothing',
    labels: gold,
    allowed: { namespaces: { from: 'Selector' } },
    want: 'no',
  },
  { name: 'labels that nobody asks for', labels: unread, allowed: { namespaces: { from: 'All' } }, want: 'yes' },
]

for (const { name, namespace = 'team-search', labels = gold, allowed, want } of permissions) {
  test(`permission: ${name}: ${want}`, () =>
    assert.equal(judgePermission({ namespace, labels }, { namespace: 'ml', allowedRoutes: allowed }), want))
}

const served = { permission: 'yes', isWithinBound: true, service: { state: 'served' } } as const
const view = (webhook: ConsentView['webhook'], changes: Partial<ConsentView> = {}): ConsentView => ({
  webhook,
  asksUnwatchedLabels: false,
  isNamespaceWatched: true,
  areWebhooksRead: true,
  ...changes,
})
const toldOf = (consent: Consent) => (consent.type === 'attached' ? ['attached'] : [consent.type, consent.reason])

const consents: { name: string; given: ConsentView; want: string[]; says?: RegExp }[] = [
  { name: 'allowed and served', given: view(served), want: ['attached'] },
  {
    name: 'allowed, and served soon: the receivers may be told already',
    given: view({ ...served, service: { state: 'coming', message: 'new' } }),
    want: ['prepared', 'WebhookNotServing'],
    says: /^new$/,
  },
  {
    name: 'allowed and not served: what there is stays',
    given: view({ ...served, service: { state: 'notServed', message: 'going' } }),
    want: ['kept', 'WebhookNotServing'],
    says: /^going$/,
  },
  { name: 'no webhook', given: view(undefined), want: ['kept', 'WebhookNotFound'], says: /create it/ },
  {
    name: 'a webhook that is out of sight',
    given: view(undefined, { isNamespaceWatched: false }),
    want: ['kept', 'WebhookNotFound'],
    says: /watchNamespaces/,
  },
  {
    name: 'a webhook that may be there unseen changes nothing',
    given: view(undefined, { areWebhooksRead: false }),
    want: ['kept', 'Progressing'],
    says: /could not be read yet/,
  },
  { name: 'not allowed', given: view({ ...served, permission: 'no' }), want: ['refused', 'NotAllowed'], says: /owner/ },
  {
    name: 'not allowed, whatever becomes of the webhook',
    given: view({ ...served, permission: 'no', service: { state: 'notServed', message: 'secret' } }),
    want: ['refused', 'NotAllowed'],
    says: /^(?!.*secret)/,
  },
  {
    name: 'labels that may not be read',
    given: view({ ...served, permission: 'no' }, { asksUnwatchedLabels: true }),
    want: ['refused', 'NotAllowed'],
    says: /watches single namespaces/,
  },
  {
    name: 'labels that are not read yet change nothing',
    given: view({ ...served, permission: 'unknown' }),
    want: ['kept', 'Progressing'],
  },
  {
    name: 'one route too many',
    given: view({ ...served, isWithinBound: false }),
    want: ['refused', 'TooManyRoutes'],
    says: /more than 1,000/,
  },
]

for (const { name, given, want, says } of consents) {
  test(`consent: ${name}`, () => {
    const consent = judgeConsent(given)
    assert.deepEqual(toldOf(consent), want)
    if (says !== undefined) assert.match(consent.type === 'attached' ? '' : consent.message, says)
  })
}

const at = (creationTimestamp: string, namespace: string, name: string) => ({ creationTimestamp, namespace, name })

test('the older route is before the younger, and of one second the one whose namespace and name come first', () => {
  const old = at('2026-11-20T00:00:00Z', 'z', 'z')
  const young = at('2026-11-21T00:00:00Z', 'a', 'a')
  assert.deepEqual([isBefore(old, young), isBefore(young, old)], [true, false])
  const twin = at('2026-11-21T00:00:00Z', 'a', 'b')
  const other = at('2026-11-21T00:00:00Z', 'b', 'a')
  assert.deepEqual([isBefore(young, twin), isBefore(twin, young), isBefore(twin, other)], [true, false, true])
  assert.equal(isBefore(young, young), false)
})

test('namespaces take turns at the places of a webhook, each with its oldest first, whatever came first', () => {
  const many = ['01', '02', '03'].map((day) => at(`2026-11-${day}T00:00:00Z`, 'many', `m${day}`))
  const late = [at('2026-11-20T00:00:00Z', 'late', 'l1'), at('2026-11-21T00:00:00Z', 'late', 'l2')]
  const want = ['m01', 'l1', 'm02', 'l2', 'm03']
  const routes = [...many, ...late].map((metadata) => ({ metadata }))
  for (const given of [routes, routes.toReversed()]) {
    assert.deepEqual(
      inTurns(given).map(({ metadata }) => metadata.name),
      want,
    )
  }
})

test('each route counts as many places before its own as the order of turns has', () => {
  const some = fc.record({
    day: fc.constantFrom('20', '21'),
    namespace: fc.constantFrom('a', 'b', 'c'),
    name: fc.constantFrom('r', 's', 't', 'u', 'v'),
  })
  const routesOf = fc.uniqueArray(some, { maxLength: 15, selector: ({ namespace, name }) => `${namespace}/${name}` })
  fc.assert(
    fc.property(routesOf, (given) => {
      const routes = given.map(({ day, namespace, name }) => ({
        metadata: at(`2026-11-${day}T00:00:00Z`, namespace, name),
      }))
      const counted = inTurns(routes).map(({ metadata }) => placesBefore(metadata, routes))
      assert.deepEqual(counted, [...routes.keys()])
    }),
  )
})
