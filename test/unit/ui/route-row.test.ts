import assert from 'node:assert/strict'
import { test } from 'node:test'

import { routeDetailOf } from '../../../src/ui/routes/route-detail.ts'
import { sinkView } from '../../../src/ui/webhook/detail.ts'
import { routeListOf, routeRowOf } from '../../../src/ui/routes/route-row.ts'
import { aJudgedRoute } from '../../support/builders/a-judged-route.ts'

const notAllowed = { status: 'False', reason: 'NotAllowed', message: 'its owner does not allow it' } as const

test('a route that is well is told with what waits for it', () => {
  const status = { pending: 3, deadLetters: 2, lastDeliveredTime: '2026-11-21T12:00:00Z' }
  assert.deepEqual(routeRowOf(aJudgedRoute({ status })), {
    id: 'search/groute/nightly-eval',
    namespace: 'search',
    name: 'nightly-eval',
    webhook: 'platform/project-events',
    state: 'Good',
    lastDelivery: '2026-11-21T12:00:00Z',
    pending: 3,
    deadLetters: 2,
  })
})

test('a route without consent is told with the link that breaks, and what to do', () => {
  const { state, broken, says, remedy } = routeRowOf(aJudgedRoute({ conditions: { Accepted: notAllowed } }))
  assert.deepEqual([state, broken, says], ['Broken', 'consent', 'NotAllowed: its owner does not allow it'])
  assert.match(remedy ?? '', /spec\.allowedRoutes/)
})

test('a route of which something is not known is not said to be well', () => {
  const { webhook: _webhook, ...status } = aJudgedRoute().status ?? {}
  assert.equal(routeRowOf({ ...aJudgedRoute(), status }).state, 'Open')
})

test('of many routes those that need attention come first, and the others are told by number', () => {
  const well = Array.from({ length: 600 }, (_, at) => named(aJudgedRoute(), `r${String(at).padStart(3, '0')}`))
  const list = routeListOf([...well, named(aJudgedRoute({ conditions: { Accepted: notAllowed } }), 'zz')])
  assert.ok(list.isKnown)
  assert.deepEqual([list.total, list.rows.length], [601, 500])
  assert.deepEqual(
    list.rows.slice(0, 2).map(({ name }) => name),
    ['zz', 'r000'],
  )
})

function named(route: ReturnType<typeof aJudgedRoute>, name: string): ReturnType<typeof aJudgedRoute> {
  return { ...route, metadata: { ...route.metadata, name } }
}

test('the detail of a route has its chain with remedies, its conditions, and its sinks as they were seen', () => {
  const sinks = [{ name: 'worker', ready: true, address: 'http://eval.search.svc:80/', pending: 1 }]
  const route = aJudgedRoute({ conditions: { Accepted: notAllowed }, status: { sinks } })
  const detail = routeDetailOf(route, { unread: 'you may not get it' })
  const broken = detail.chain[detail.firstBroken ?? -1]
  assert.equal(broken?.name, 'consent')
  assert.match(broken?.remedy ?? '', /spec\.allowedRoutes/)
  assert.ok(detail.conditions.some(({ type, question }) => type === 'Accepted' && question !== ''))
  assert.deepEqual(detail.sinks, [
    {
      name: 'worker',
      kind: 'service',
      isReady: true,
      address: 'http://eval.search.svc:80/',
      pending: 1,
      deadLetters: 0,
    },
  ])
})

test('a sink whose URL is a secret is shown by its kind and the address of the status', () => {
  const sink = { name: 'chat', uriSecretRef: { name: 'chat', key: 'url' } }
  const sinks = [{ name: 'chat', ready: true, address: 'https://hooks.example.com' }]
  const shown = { name: 'chat', kind: 'uriSecretRef', isReady: true, address: 'https://hooks.example.com' }
  assert.deepEqual(sinkView(sink, aJudgedRoute({ status: { sinks } })), { ...shown, pending: 0, deadLetters: 0 })
})
