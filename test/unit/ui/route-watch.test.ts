import assert from 'node:assert/strict'
import { test } from 'node:test'

import { KubernetesApiError, type KubernetesClient } from '../../../src/kubernetes/client.ts'
import { RouteWatch } from '../../../src/ui/routes/route-watch.ts'
import { aJudgedRoute } from '../../support/builders/a-judged-route.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const refused = new KubernetesApiError({ status: 403, reason: 'Forbidden', message: 'list geminiroutes: 403' })

/** `mayListAll`: whether routes of the whole cluster may be listed, besides those of the namespace `search`. */
function aWatch({ mayListAll, onlyNamespace }: { mayListAll: boolean; onlyNamespace?: string }) {
  const clock = new FakeClock()
  const asked: (string | undefined)[] = []
  const list = (_kind: unknown, { namespace }: { namespace?: string } = {}) => {
    asked.push(namespace)
    if (namespace === undefined && !mayListAll) return Promise.reject(refused)
    return Promise.resolve({ items: [aJudgedRoute()], resourceVersion: '1' })
  }
  const client = { list } as unknown as KubernetesClient
  const watch = new RouteWatch({ client, clock, onlyNamespace: () => onlyNamespace, ownNamespace: 'search' })
  return { watch, clock, asked }
}

test('routes are listed every fifteen seconds at most, and made into rows once for each time', async () => {
  const { watch, clock, asked } = aWatch({ mayListAll: true })
  assert.equal(watch.list(), undefined)
  await clock.advance({ seconds: 14 })
  const first = watch.list()
  assert.deepEqual(first?.isKnown === true && first.rows.map(({ id }) => id), ['search/groute/nightly-eval'])
  assert.equal(watch.list(), first)
  await clock.advance({ seconds: 1 })
  watch.list()
  await clock.advance({})
  assert.notEqual(watch.list(), first)
  assert.deepEqual(asked, [undefined, undefined])
})

for (const { name, given, onlyIn } of [
  { name: 'those of the cluster are all', given: { mayListAll: true }, onlyIn: undefined },
  { name: 'where those of the cluster may not be listed', given: { mayListAll: false }, onlyIn: 'search' },
  {
    name: 'where the page shows one namespace alone',
    given: { mayListAll: false, onlyNamespace: 'ads' },
    onlyIn: 'ads',
  },
]) {
  test(`who judges the installation is told that there may be more routes: ${name}`, async () => {
    const { watch, clock } = aWatch(given)
    watch.list()
    await clock.advance({})
    const visible = watch.visible()
    assert.ok(visible !== undefined && 'items' in visible)
    assert.deepEqual([visible.items.length, visible.onlyIn], [1, onlyIn])
  })
}

test('what may not be listed, and what fails, is told as not known', async () => {
  const clock = new FakeClock()
  for (const [error, why, isVisible] of [
    [
      refused,
      'GeminiRoutes may not be listed: ask for the right to list them, or start "gwh ui -n NAMESPACE" for a namespace that you may see',
      true,
    ],
    [
      new KubernetesApiError({ status: 404, reason: 'NotFound', message: '404' }),
      'the API server does not know GeminiRoutes: install the CRD',
      true,
    ],
    [new Error('it is away'), 'it is away', false],
  ] as const) {
    const client = { list: () => Promise.reject(error) } as unknown as KubernetesClient
    const watch = new RouteWatch({ client, clock, onlyNamespace: () => undefined, ownNamespace: 'search' })
    watch.list()
    await clock.advance({})
    assert.deepEqual(watch.list(), { isKnown: false, why })
    assert.equal(watch.visible() !== undefined, isVisible)
  }
})
