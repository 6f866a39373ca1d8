import assert from 'node:assert/strict'
import { test } from 'node:test'

import { brokenLink, unjudgedLinks, type Link } from '../../../../src/cli/link.ts'
import { remedyOf } from '../../../../src/cli/remedy.ts'
import { branchOf } from '../../../../src/cli/status-links.ts'
import { routeChainOf, type SeenWebhook } from '../../../../src/cli/route/chain.ts'
import { aJudgedRoute } from '../../../support/builders/a-judged-route.ts'

const wellWebhook: SeenWebhook = {
  chain: [
    { name: 'controller', state: 'Good', says: 'has nothing left to do' },
    { name: 'API key', state: 'Good', says: 'Google accepts the API key' },
    { name: 'deliveries', state: 'Good', says: 'one was verified' },
    { name: 'sink archive', state: 'Broken', says: 'takes nothing since yesterday' },
    { name: 'dead letters', state: 'Broken', says: 'were dropped' },
    { name: 'spec', state: 'Broken', says: 'a part is ignored' },
    { name: 'project', state: 'Good', says: 'is shared with 2 other namespaces' },
  ],
}

test('the chain leads from Google through the webhook and the consent of its owner to the sinks of the route', () => {
  const sinks = [{ name: 'worker', ready: true, address: 'http://eval.search.svc:80/' }]
  const chain = routeChainOf(aJudgedRoute({ status: { sinks } }), wellWebhook)
  assert.deepEqual(
    chain.map(({ name, state }) => [name, state]),
    [
      ['webhook: controller', 'Good'],
      ['webhook: API key', 'Good'],
      ['webhook: deliveries', 'Good'],
      ['controller', 'Good'],
      ['consent', 'Good'],
      ['deliveries', 'Open'],
      ['sink worker', 'Good'],
    ],
  )
  assert.deepEqual([brokenLink(chain), unjudgedLinks(chain)], [undefined, []])
})

test("the webhook's own sinks, and what else belongs to its owner alone, are not told", () => {
  assert.doesNotMatch(JSON.stringify(routeChainOf(aJudgedRoute(), wellWebhook)), /archive|dropped|ignored|shared/)
})

test('a route that is full says so beside its chain, and what helps', () => {
  const given = { conditions: { RouteFull: { status: 'True', reason: 'ShareUsedUp', message: 'is full' } } } as const
  const share = routeChainOf(aJudgedRoute(given), wellWebhook).at(-1)
  assert.deepEqual(share, { name: 'share', state: 'Broken', says: 'is full' })
  assert.equal(branchOf('share'), 'beside')
  assert.match(remedyOf(share) ?? '', /Repair the sink/)
})

interface Case {
  readonly name: string
  readonly given: Parameters<typeof aJudgedRoute>[0]
  readonly seen?: SeenWebhook
  readonly broken: Partial<Link> | undefined
  readonly remedy?: RegExp
}

const failing = { failingSince: '2026-11-21T12:00:00Z', lastFailure: 'it answers with an error (503)' }
const notAllowed = { status: 'False', reason: 'NotAllowed', message: 'not allowed by its owner' } as const
const cases: Case[] = [
  {
    name: 'a webhook that breaks comes before all that is of the route',
    given: { conditions: { Accepted: { status: 'False', reason: 'WebhookNotServing' } } },
    seen: { chain: [{ name: 'API key', state: 'Broken', says: 'CredentialsRejected: refused' }] },
    broken: { name: 'webhook: API key', says: 'CredentialsRejected: refused' },
    remedy: /key/,
  },
  {
    name: 'a webhook that does not exist is named',
    given: { conditions: { Accepted: { status: 'False', reason: 'WebhookNotFound' } } },
    seen: { absent: true },
    broken: { name: 'webhook', says: 'WebhookNotFound: there is no platform/project-events' },
    remedy: /spec\.webhookRef/,
  },
  {
    name: 'consent that is not given is the broken link, also where the controller waits for a human because of it',
    given: { conditions: { Accepted: notAllowed, Stalled: { ...notAllowed, status: 'True' } } },
    broken: { name: 'consent', says: 'NotAllowed: not allowed by its owner' },
    remedy: /spec\.allowedRoutes/,
  },
  {
    name: 'a sink that takes nothing',
    given: { status: { sinks: [{ name: 'worker', ready: true, ...failing, pending: 7 }] } },
    broken: {
      name: 'sink worker',
      says: 'takes nothing since 2026-11-21T12:00:00Z: it answers with an error (503); 7 pending',
    },
    remedy: /./,
  },
  {
    name: 'a spec that waits for a human for a reason that no other link tells',
    given: { conditions: { Stalled: { status: 'True', reason: 'InvalidSpec', message: 'selector is empty' } } },
    broken: { name: 'controller', says: 'InvalidSpec: selector is empty' },
  },
  {
    name: 'a suspended route is not broken',
    given: { spec: { suspend: true }, conditions: { Stalled: { status: 'True', reason: 'Suspended' } } },
    broken: undefined,
  },
]
for (const { name, given, seen = wellWebhook, broken, remedy } of cases) {
  test(name, () => {
    const link = brokenLink(routeChainOf(aJudgedRoute(given), seen))
    assert.deepEqual(link && { name: link.name, says: link.says }, broken)
    if (link !== undefined && remedy !== undefined) assert.match(remedyOf(link) ?? '', remedy)
  })
}

for (const [ready, state] of [
  ['True', 'Good'],
  ['False', 'Broken'],
  ['Unknown', 'Open'],
  [undefined, 'Open'],
] as const) {
  test(`where the webhook may not be read, what the status says of it counts: ${ready ?? 'nothing'}`, () => {
    const webhook = { namespace: 'platform', name: 'project-events', ...(ready !== undefined && { ready }) }
    const [link] = routeChainOf(aJudgedRoute({ status: { webhook } }), { unread: 'you may not get it' })
    assert.deepEqual([link?.name, link?.state, link?.unjudged === true], ['webhook', state, state === 'Open'])
    assert.match(link?.says ?? '', /platform\/project-events .*could not be read: you may not get it$/)
  })
}

test('what the status says of another webhook, named before, says nothing about this one', () => {
  const webhook = { namespace: 'platform', name: 'former', ready: 'True' } as const
  assert.deepEqual(unjudgedLinks(routeChainOf(aJudgedRoute({ status: { webhook } }))), ['webhook'])
})

test('a route that no controller has looked at, or whose spec is newer, is told as such', () => {
  const { status: _status, ...unseen } = aJudgedRoute()
  assert.equal(brokenLink(routeChainOf(unseen, wellWebhook))?.name, 'controller')
  const behind = aJudgedRoute({ status: { observedGeneration: 0 } })
  assert.deepEqual(unjudgedLinks(routeChainOf(behind, wellWebhook)), ['controller'])
})

test('what waits, what was given up and what was taken last is told', () => {
  const told = { pending: 3, deadLetters: 2, lastDeliveredTime: '2026-11-21T12:00:00Z' }
  assert.deepEqual(
    routeChainOf(aJudgedRoute({ status: told })).find(({ name }) => name === 'deliveries'),
    {
      name: 'deliveries',
      state: 'Good',
      says: 'one was taken at 2026-11-21T12:00:00Z; 3 pending; dead letters: 2',
    },
  )
})

test('while nobody leads the controller of a route is broken, and open where that is not known', () => {
  const nobody = routeChainOf(aJudgedRoute(), wellWebhook, {
    state: 'Nobody',
    says: 'no controller leads in namespace gwh',
  })
  assert.equal(brokenLink(nobody)?.name, 'controller')
  const unknown = routeChainOf(aJudgedRoute(), wellWebhook, { state: 'Unknown', says: 'get leases: 403' })
  assert.deepEqual(
    unknown.filter(({ state }) => state === 'Open').map(({ name }) => name),
    routeChainOf(aJudgedRoute(), wellWebhook)
      .filter(({ state, name }) => state === 'Open' || name === 'controller')
      .map(({ name }) => name),
  )
})
