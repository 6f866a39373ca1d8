import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiRoute } from '../../../../src/api/gemini-route.ts'
import { RouteMemories } from '../../../../src/controller/routes/route-memories.ts'
import { byWebhookRef } from '../../../../src/controller/routes/route-indices.ts'
import { RouteWaker } from '../../../../src/controller/routes/route-waker.ts'
import type { AddOptions } from '../../../../src/kubernetes/workqueue.ts'
import { aRoute } from '../../../support/builders/a-route.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'

const at = (resourceVersion: string, changes: Partial<GeminiRoute['metadata']> = {}) =>
  aRoute({ metadata: { resourceVersion, ...changes } })
const key = { namespace: 'team-search', name: 'nightly' }

function aScene() {
  const woken: [name: string, options: AddOptions | undefined][] = []
  const counted: string[] = []
  const memories = new RouteMemories(new FakeClock())
  const asked: string[] = []
  const waker = new RouteWaker({
    routes: {
      list: (namespace) => (namespace === undefined || namespace === key.namespace ? [aRoute()] : []),
      byIndex: (index, value) => {
        asked.push(`${index} ${value}`)
        return index !== byWebhookRef || value === 'ml/batch-events' ? [aRoute()] : []
      },
    },
    memories,
    enqueue: ({ name }, options) => void woken.push([name, options]),
    onTold: ({ namespace, name }) => void counted.push(`${namespace}/${name}`),
  })
  return { waker, memories, woken, counted, asked }
}

test('a route is woken by its own change, but not by its status, whoever wrote that', () => {
  const { waker, memories, woken, counted } = aScene()
  waker.onRoute({ type: 'added', object: at('1') })
  assert.deepEqual(woken, [['nightly', { behind: false }]])
  memories.wrote(at('2'), { counts: false })
  waker.onRoute({ type: 'updated', object: at('2'), previous: at('1') })
  assert.equal(woken.length, 1)
  waker.onRoute({ type: 'updated', object: at('3'), previous: at('2') })
  assert.equal(woken.length, 1)
  assert.deepEqual(counted, ['ml/batch-events'], 'a change of status changes no count')
  waker.onRoute({ type: 'updated', object: at('4', { generation: 2 }), previous: at('3') })
  assert.equal(woken.length, 2)
  assert.deepEqual(
    counted,
    ['ml/batch-events', 'ml/batch-events', 'ml/batch-events'],
    'and one of the spec may, of both',
  )
})

test('a route that is gone is kept until its entry and its Secrets are taken out', () => {
  const { waker, woken, counted } = aScene()
  waker.onRoute({ type: 'deleted', object: at('1', { uid: 'first' }) })
  waker.onRoute({ type: 'deleted', object: at('2', { uid: 'second' }) })
  const gone = () => waker.of(key).map(({ metadata }) => metadata.uid)
  assert.deepEqual(gone(), ['first', 'second'])
  assert.equal(woken.length, 2)
  assert.equal(counted.length, 2)
  waker.removed(key, 'first')
  assert.deepEqual(gone(), ['second'])
  waker.removed(key, 'second')
  assert.deepEqual(gone(), [])
})

test('a webhook wakes its routes with what decides about them at once; that it is Ready is gathered', () => {
  const { waker, woken, counted } = aScene()
  const before = aWebhook().registered().build()
  const change = (object: typeof before) => waker.onWebhook({ type: 'updated', object, previous: before })
  change(
    aWebhook()
      .registered()
      .status({ delivery: { pending: 7 } })
      .build(),
  )
  assert.deepEqual(woken, [], 'traffic wakes nobody')
  change(aWebhook().registered().readiness('True').build())
  assert.deepEqual([woken, counted], [[], ['ml/batch-events']])
  const decisive = [
    aWebhook()
      .registered()
      .spec({ allowedRoutes: { namespaces: { from: 'All' } } }),
    aWebhook().registered().metadata({ uid: 'another' }),
    aWebhook().registered().deleting(),
    aWebhook()
      .registered()
      .spec({ endpoint: { url: 'https://mine.example.com/' } }),
    aWebhook().registered().status({ installationID: 'another' }),
    // Its endpoint has moved, and with it those of its routes.
    aWebhook()
      .registered()
      .status({ endpoint: { url: 'https://moved.example.com/v1/s/ml/batch-events' } }),
    aWebhook(),
  ]
  for (const webhook of decisive) change(webhook.build())
  waker.onWebhook({ type: 'added', object: before })
  waker.onWebhook({ type: 'deleted', object: before })
  assert.equal(woken.length, decisive.length + 2)
  for (const each of woken) assert.deepEqual(each, ['nightly', undefined])
})

const namespace = (labels?: Record<string, string>, name = key.namespace) => ({
  metadata: { name, ...(labels !== undefined && { labels }) },
})

test('a namespace wakes its routes with its labels alone', () => {
  const { waker, woken, counted } = aScene()
  waker.onNamespace({ type: 'updated', object: namespace({}), previous: namespace() })
  waker.onNamespace({ type: 'added', object: namespace({ a: '1' }, 'elsewhere') })
  assert.deepEqual(woken, [])
  waker.onNamespace({ type: 'updated', object: namespace({ a: '1' }), previous: namespace() })
  waker.onNamespace({ type: 'added', object: namespace({ a: '1' }) })
  assert.equal(woken.length, 2)
  assert.deepEqual(counted, ['ml/batch-events', 'ml/batch-events'])
})

test('Secrets, Services and entries wake the routes that use them', () => {
  const { waker, woken, asked } = aScene()
  waker.onSecret({ namespace: 'a', name: 's' })
  waker.onService({ namespace: 'a', name: 'w' })
  waker.wake(['u'], { urgent: true })
  waker.wakeAll()
  assert.deepEqual(asked, ['secret a/s', 'service a/w', 'uid u'])
  assert.deepEqual(
    woken.map(([, options]) => options),
    [undefined, undefined, { urgent: true }, undefined],
  )
})
