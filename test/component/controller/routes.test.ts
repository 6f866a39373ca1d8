import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { namespaceKind } from '../../../src/kubernetes/core-kinds.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { tenant } from '../../support/worlds/controller-fixture.ts'
import { acceptedIn, conditionIn, platform, startRouteFixture, team } from '../../support/worlds/route-fixture.ts'

const patience = { timeoutMs: 20_000, intervalMs: 20 }
const all = { namespaces: { from: 'All' as const } }

test('an allowed route is attached: receivers learn of it, status and Events say so, and the webhook counts it', async (t) => {
  const fixture = await startRouteFixture(t)
  const running = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(platform, { allowedRoutes: { ...all, types: ['batch.succeeded'] } })
  const webhook = await fixture.untilCondition(platform, 'Ready', { status: 'True' })
  const beforeMs = Date.now()
  await fixture.applyRoute('nightly', {
    filter: { types: { prefix: ['batch.'] }, metadata: { exact: { team: 'search' } }, cel: 'has(event.data.id)' },
    sinks: [
      { name: 'worker', uri: 'https://worker.example.com/', filter: { cel: 'event.data.id != ""' } },
      { name: 'audit', uri: 'https://audit.example.com/' },
    ],
    delivery: { keepDelivered: '72h' },
  })
  const route = await fixture.untilReason('nightly', 'Attached')
  const entry = await fixture.entryOf(route)
  const { since, ...rest } = entry?.route ?? { since: '' }
  assert.deepEqual(rest, {
    webhookUid: webhook.metadata.uid,
    webhook: { namespace: tenant, name: platform },
    filter: { typesExact: [], typesPrefix: ['batch.'], metadataExact: { team: 'search' } },
    allowedTypes: ['batch.succeeded'],
  })
  assert.ok(Date.parse(since) >= beforeMs && Date.parse(since) <= Date.now(), since)
  assert.deepEqual([entry?.namespace, entry?.name, entry?.secrets], [team, 'nightly', []])
  assert.deepEqual(
    entry?.sinks.map(({ name, filter }) => [name, filter?.cel]),
    [
      ['worker', '(has(event.data.id)\n) && (event.data.id != ""\n)'],
      ['audit', 'has(event.data.id)'],
    ],
  )
  assert.deepEqual(
    entry?.sinks.map(({ delivery }) => delivery.keepDeliveredMs),
    [259_200_000, 259_200_000],
  )
  assert.equal(conditionIn(route, 'Ready')?.status, 'True')
  const { webhook: told, pending, sinks } = route.status ?? {}
  assert.deepEqual(told, { namespace: tenant, name: platform, uid: webhook.metadata.uid, ready: 'True' })
  assert.equal(pending, 0)
  assert.deepEqual(
    sinks?.map(({ ready }) => ready),
    [true, true],
  )
  const attached = fixture.events.filter(({ reason }) => reason === 'Attached')
  assert.deepEqual(
    attached.map(({ regarding }) => [regarding.kind, regarding.namespace, regarding.name]),
    [['GeminiRoute', team, 'nightly']],
  )
  const counts = async () => (await fixture.get(platform))?.status?.routes
  await eventually('the count', async () => (await counts())?.attached === 1, patience)
  assert.match(await running.scrape(), /^gwh_controller_route_conditions\{type="Accepted",status="True"\} 1$/m)

  await fixture.removeRoute('nightly')
  await eventually('the entry is taken out', async () => (await fixture.entryOf(route)) === undefined, patience)
  await eventually('the count is gone', async () => (await counts()) === undefined, patience)
})

test('consent is taken and given again within seconds: a refusal reaches the receivers, and begins anew afterwards', async (t) => {
  const fixture = await startRouteFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(platform, { allowedRoutes: { namespaces: { from: 'Names', names: [team] } } })
  await fixture.untilCondition(platform, 'Ready', { status: 'True' })
  await fixture.applyRoute('nightly')
  const route = await fixture.untilReason('nightly', 'Attached')
  const first = await fixture.entryOf(route)

  await fixture.patch(platform, { spec: { allowedRoutes: { namespaces: { names: ['somebody-else'] } } } })
  const refused = await fixture.untilReason('nightly', 'NotAllowed')
  const withdrawn = await fixture.entryOf(route)
  assert.equal(withdrawn?.route?.refused, true)
  assert.equal(withdrawn.route.since, first?.route?.since)
  assert.deepEqual(withdrawn.sinks, [], 'no address of a sink stays where none is needed')
  assert.deepEqual(refused.status?.webhook, { namespace: tenant, name: platform }, 'nothing else of it is told')
  assert.doesNotMatch(JSON.stringify(refused.status), /somebody-else/)
  assert.equal(conditionIn(refused, 'Ready')?.reason, 'NotAllowed')
  assert.equal(conditionIn(refused, 'Reconciling')?.reason, 'NotAllowed', 'for five minutes it may still come')
  await eventually(
    'the webhook counts it as refused',
    async () => (await fixture.get(platform))?.status?.routes?.refused === 1,
    patience,
  )

  await fixture.patch(platform, { spec: { allowedRoutes: { namespaces: { names: [team] } } } })
  await fixture.untilReason('nightly', 'Attached')
  const again = await fixture.entryOf(route)
  assert.equal(again?.route?.refused, undefined)
  assert.ok(Date.parse(again?.route?.since ?? '') > Date.parse(first?.route?.since ?? ''), 'later events only')
  const told = fixture.events.flatMap(({ reason }) => (/^(At|De)tached$/.test(reason) ? [reason] : []))
  assert.deepEqual(told, ['Attached', 'Detached', 'Attached'])
})

test('consent by labels follows the labels of the namespace, both ways', async (t) => {
  const fixture = await startRouteFixture(t, { teamLabels: { tier: 'gold' } })
  await fixture.startController()
  await fixture.putApiKey()
  const selector = { matchLabels: { tier: 'gold' } }
  await fixture.apply(platform, { allowedRoutes: { namespaces: { from: 'Selector', selector } } })
  await fixture.applyRoute('nightly')
  const route = await fixture.untilReason('nightly', 'Attached')
  await fixture.label(team, { tier: null })
  await fixture.untilReason('nightly', 'NotAllowed')
  assert.equal((await fixture.entryOf(route))?.route?.refused, true)
  await fixture.label(team, { tier: 'gold' })
  await fixture.untilReason('nightly', 'Attached')
})

test('in whatever order key, webhook, consent, label and route come, the route is attached in the end', async (t) => {
  const steps = ['webhook', 'consent', 'label', 'route'] as const
  const fixture = await startRouteFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  const orders = permutationsOf(steps)
  assert.equal(orders.length, 24)
  await Promise.all(
    orders.map(async (order, index) => {
      const [name, namespace] = [`events-${index}`, `team-${index}`]
      await fixture.client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      const selector = { matchLabels: { [`team-${index}`]: 'yes' } }
      const allowedRoutes = { namespaces: { from: 'Selector' as const, selector } }
      let isConsentGiven = false
      for (const step of order) {
        if (step === 'route') {
          await fixture.applyRoute('nightly', { webhookRef: { name, namespace: tenant } }, namespace)
        } else if (step === 'label') {
          await fixture.label(namespace, { [`team-${index}`]: 'yes' })
        } else if (step === 'webhook') {
          await fixture.apply(name, isConsentGiven ? { allowedRoutes } : {})
        } else {
          isConsentGiven = true
          if (await fixture.get(name)) await fixture.patch(name, { spec: { allowedRoutes } })
        }
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      const route = await fixture.untilReason('nightly', 'Attached', namespace)
      const entry = await fixture.entryOf(route)
      assert.equal(entry?.route?.webhookUid, (await fixture.get(name))?.metadata.uid, order.join(', '))
      assert.equal(entry?.route?.refused, undefined)
    }),
  )
})

test('a webhook that is made again needs no new consent, and gives later events only', async (t) => {
  const { fixture, route } = await startWithRoute(t)
  const first = await fixture.entryOf(route)
  await fixture.remove(platform)
  await fixture.untilGone(platform)
  await fixture.untilReason('nightly', 'WebhookNotFound')
  assert.deepEqual(await fixture.entryOf(route), first, 'what was kept for the route is still delivered')
  const again = await fixture.apply(platform, { allowedRoutes: all })
  await fixture.untilReason('nightly', 'Attached')
  const second = await fixture.entryOf(route)
  assert.equal(second?.route?.webhookUid, again.metadata.uid)
  assert.ok(Date.parse(second?.route?.since ?? '') > Date.parse(first?.route?.since ?? ''))
})

test('a route to a webhook with a server of its own, or to none, is told so and nothing is written for receivers', async (t) => {
  const fixture = await startRouteFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  const endpoint = { url: 'https://mine.example.com/x' }
  await fixture.apply(platform, { allowedRoutes: all, endpoint })
  await fixture.applyRoute('served')
  await fixture.applyRoute('lost', { webhookRef: { name: 'nobody' } })
  const served = await fixture.untilReason('served', 'WebhookNotServing')
  const lost = await fixture.untilReason('lost', 'WebhookNotFound')
  assert.match(acceptedIn(served)?.message ?? '', /server of its own/)
  assert.deepEqual(lost.status?.webhook, { namespace: team, name: 'nobody' })
  assert.deepEqual([await fixture.entryOf(served), await fixture.entryOf(lost)], [undefined, undefined])
})

test('at rest nothing is written, and a route costs at most four writes', async (t) => {
  const fixture = await startRouteFixture(t, { config: { resyncIntervalMs: 50, confirmIntervalMs: 5 } })
  const writes: string[] = []
  const running = await fixture.startController((moment, call) => {
    if (moment === 'before') writes.push(call)
  })
  await fixture.putApiKey()
  await fixture.apply(platform, { allowedRoutes: all })
  await fixture.untilCondition(platform, 'Ready', { status: 'True' })
  await eventually('all is written', async () => (await running.scrape()) !== '', patience)
  writes.length = 0
  await fixture.applyRoute('nightly')
  await fixture.untilReason('nightly', 'Attached')
  await eventually(
    'the webhook counts it',
    async () => (await fixture.get(platform))?.status?.routes?.attached === 1,
    patience,
  )
  t.diagnostic(writes.join(', '))
  assert.ok(writes.filter((call) => call !== 'replaceStatus GeminiWebhook').length <= 4, writes.join(', '))
  writes.length = 0
  const reconciles = async () =>
    Number(/^gwh_reconcile_total\{controller="routes",result="requeue"\} (\d+)$/m.exec(await running.scrape())?.[1])
  const start = await reconciles()
  await eventually('thirty more passes', async () => (await reconciles()) >= start + 30, patience)
  assert.deepEqual(writes, [])
})

test('that a webhook is not Ready any more costs each of its routes one write', async (t) => {
  const fixture = await startRouteFixture(t)
  const names = ['a', 'b', 'c']
  const writes: string[] = []
  await fixture.startController((moment, call, { name = '' } = { namespace: '', name: '' }) => {
    if (moment === 'before' && call === 'replaceStatus GeminiRoute') writes.push(name)
  })
  await fixture.putApiKey()
  await fixture.apply(platform, { allowedRoutes: all })
  await fixture.untilCondition(platform, 'Ready', { status: 'True' })
  for (const name of names) await fixture.applyRoute(name)
  const untilTold = (ready: string) =>
    Promise.all(names.map((name) => fixture.untilRoute(name, ready, ({ status }) => status?.webhook?.ready === ready)))
  await untilTold('True')
  writes.length = 0
  await fixture.patch(platform, { spec: { suspend: true } })
  for (const route of await untilTold('False')) assert.equal(conditionIn(route, 'Ready')?.status, 'True')
  assert.deepEqual(writes.toSorted(), names)
})

test('what a restart missed is put right: the entry of a route that went meanwhile is taken out, others stay as they are', async (t) => {
  const fixture = await startRouteFixture(t)
  const running = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(platform, { allowedRoutes: all })
  for (const name of ['stays', 'goes']) await fixture.applyRoute(name)
  const stays = await fixture.untilReason('stays', 'Attached')
  const goes = await fixture.untilReason('goes', 'Attached')
  const before = await fixture.entryOf(stays)
  await running.stop()
  await fixture.removeRoute('goes')
  await fixture.startController()
  await eventually('the entry is swept', async () => (await fixture.entryOf(goes)) === undefined, patience)
  assert.deepEqual(await fixture.entryOf(stays), before)
})

test('suspending holds a route, and going on is told with its time', async (t) => {
  const { fixture, route } = await startWithRoute(t)
  await fixture.patchRoute('nightly', { spec: { suspend: true } })
  const held = await fixture.untilRoute(
    'nightly',
    'Suspended',
    (seen) => conditionIn(seen, 'Ready')?.reason === 'Suspended',
  )
  assert.equal((await fixture.entryOf(route))?.route?.suspended, true)
  assert.equal(acceptedIn(held)?.status, 'True')
  assert.equal(conditionIn(held, 'Stalled')?.reason, 'Suspended')
  await fixture.patchRoute('nightly', { spec: { suspend: null } })
  await fixture.untilRoute('nightly', 'Ready', (seen) => conditionIn(seen, 'Ready')?.status === 'True')
  const { suspended, resumedTime = '' } = (await fixture.entryOf(route))?.route ?? {}
  assert.equal(suspended, undefined)
  assert.ok(Math.abs(Date.parse(resumedTime) - Date.now()) < 20_000, resumedTime)
})

function permutationsOf<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, index) => permutationsOf(items.toSpliced(index, 1)).map((rest) => [item].concat(rest)))
}

/** A webhook that allows every namespace, and one route that is attached to it. */
async function startWithRoute(t: TestContext) {
  const fixture = await startRouteFixture(t)
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(platform, { allowedRoutes: all })
  await fixture.applyRoute('nightly')
  const route = await fixture.untilReason('nightly', 'Attached')
  return { fixture, route }
}
