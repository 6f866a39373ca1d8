import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse } from 'yaml'

import type { KubernetesObject } from '../../../src/kubernetes/client.ts'
import { configMapKind, serviceKind, type Service } from '../../../src/kubernetes/core-kinds.ts'
import { firstSlotOf, slotName } from '../../../src/contract/receiver-report/slots.ts'
import { routeCrdPath } from '../../../tools/generate-crds.ts'
import { crdKind } from '../../support/builders/crd-kind.ts'
import { apiKeySecretName, home, tenant } from '../../support/worlds/controller-fixture.ts'
import { acceptedIn, conditionIn, platform, startRouteFixture, team } from '../../support/worlds/route-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const patience = { timeoutMs: 20_000, intervalMs: 20 }
const all = { namespaces: { from: 'All' as const } }
const now = () => `${new Date().toISOString().slice(0, 19)}Z`

test('with roles in single namespaces consent by labels is refused and says why, and consent by name works', async (t) => {
  const config = { watchNamespaces: [tenant, team] }
  const fixture = await startRouteFixture(t, { config, teamLabels: { tier: 'gold' } })
  await fixture.startController()
  await fixture.putApiKey()
  const selector = { matchLabels: { tier: 'gold' } }
  await fixture.apply(platform, { allowedRoutes: { namespaces: { from: 'Selector', selector } } })
  await fixture.applyRoute('nightly')
  await fixture.applyRoute('out-of-sight', { webhookRef: { name: platform, namespace: 'elsewhere' } })
  const refused = await fixture.untilReason('nightly', 'NotAllowed')
  assert.match(acceptedIn(refused)?.message ?? '', /watches single namespaces/)
  const unseen = await fixture.untilReason('out-of-sight', 'WebhookNotFound')
  assert.match(acceptedIn(unseen)?.message ?? '', /watchNamespaces/)
  await fixture.patch(platform, {
    spec: { allowedRoutes: { namespaces: { from: 'Names', selector: null, names: [team] } } },
  })
  const attached = await fixture.untilReason('nightly', 'Attached')
  await fixture.removeRoute('nightly')
  await eventually('the entry is taken out', async () => (await fixture.entryOf(attached)) === undefined, patience)
})

test('a cluster without the kind serves its webhooks, and its routes as soon as the kind is there', async (t) => {
  const fixture = await startRouteFixture(t)
  const crd = parse(readFileSync(routeCrdPath, 'utf8')) as KubernetesObject
  await fixture.client.delete(crdKind, { namespace: '', name: crd.metadata.name })
  const running = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(platform, { allowedRoutes: all })
  await fixture.untilCondition(platform, 'Ready', { status: 'True' })
  assert.equal(running.controller.hasSynced(), true)
  assert.equal((await fixture.get(platform))?.status?.routes, undefined)
  await fixture.client.create(crdKind, crd)
  await eventually(
    'the kind is served',
    () =>
      fixture.applyRoute('nightly').then(
        () => true,
        () => false,
      ),
    patience,
  )
  await fixture.untilReason('nightly', 'Attached')
})

test('what receivers report of a route is told: what is pending, dead letters, the last delivery, a sink that fails, a share that is used up', async (t) => {
  const fixture = await startRouteFixture(t, { config: { countsIntervalMs: 300 } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(platform, { allowedRoutes: all })
  await fixture.applyRoute('nightly')
  const { metadata } = await fixture.untilReason('nightly', 'Attached')
  const pod = 'receiver-0'
  const report = (endpoint: object, sink: object) => {
    const said = { time: now(), ownInbox: true, endpoints: { [metadata.uid]: endpoint } }
    const text = JSON.stringify({ ...said, sinks: { [metadata.uid]: { worker: sink } } })
    const key = { namespace: home, name: slotName(firstSlotOf(pod)) }
    return fixture.client.patch(configMapKind, key, { data: { [pod]: text } }, { type: 'merge' })
  }
  const since = now()
  await report({ pending: 200, lastVerifiedTime: since }, { since, cause: 'timeout', pending: 200, deadLetters: 3 })
  const failing = await fixture.untilRoute('nightly', 'told', ({ status }) => status?.deadLetters === 3)
  const { pending, lastDeliveredTime, sinks } = failing.status ?? {}
  assert.deepEqual([pending, lastDeliveredTime, sinks?.[0]?.failingSince], [200, since, since])
  assert.equal(conditionIn(failing, 'SinksHealthy')?.reason, 'SinkFailing')
  assert.equal(conditionIn(failing, 'Ready')?.status, 'True')
  await report({ pending: 0, lastVerifiedTime: since }, { pending: 0 })
  const well = await fixture.untilRoute('nightly', 'drained', ({ status }) => status?.pending === 0)
  assert.equal(well.status?.deadLetters, undefined)
  await report({ pending: 300, lastVerifiedTime: since, refusingSince: since, lastDropTime: since }, { pending: 300 })
  const full = await fixture.untilRoute('nightly', 'full', ({ status }) => status?.fullSince === since)
  assert.equal(conditionIn(full, 'RouteFull')?.reason, 'ShareUsedUp')
  assert.equal(conditionIn(full, 'DeadLettersDropped')?.reason, 'BoundReached')
  assert.equal(conditionIn(full, 'Ready')?.status, 'True')
  await report({ pending: 0, lastVerifiedTime: since }, { pending: 0 })
  const over = await fixture.untilRoute('nightly', 'room', ({ status }) => status?.fullSince === undefined)
  assert.equal(conditionIn(over, 'RouteFull'), undefined)
  assert.equal(conditionIn(over, 'DeadLettersDropped')?.reason, 'BoundReached', 'a receiver that began anew forgot it')
  const told = fixture.events.flatMap(({ reason, regarding }) =>
    regarding.kind === 'GeminiRoute' && reason !== 'Attached' ? [reason] : [],
  )
  assert.deepEqual(told, ['SinkFailing', 'SinkRecovered', 'DeadLettersDropped', 'RouteFull'])
})

test('a route is written by the installation that serves its webhook, and by no other', async (t) => {
  const fixture = await startRouteFixture(t, { config: { resyncIntervalMs: 100 } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(platform, { allowedRoutes: all })
  await fixture.applyRoute('nightly')
  const attached = await fixture.untilReason('nightly', 'Attached')
  const second = await fixture.startInstallation({
    namespace: 'second-system',
    installationId: 'second-installation',
    resyncIntervalMs: 100,
  })
  const passes = async () =>
    Number(/^gwh_reconcile_total\{controller="routes",result="done"\} (\d+)$/m.exec(await second.scrape())?.[1])
  await eventually('the second has looked at it', async () => (await passes()) >= 1, patience)
  await fixture.patchRoute('nightly', { spec: { suspend: true } })
  await fixture.untilRoute('nightly', 'Suspended', (route) => conditionIn(route, 'Ready')?.reason === 'Suspended')
  assert.match(await second.scrape(), /^gwh_controller_route_status_writes_total 0$/m)
  assert.equal((await fixture.entryOf(attached))?.route?.suspended, true)
})

test('a route reaches nothing of another namespace by its sinks: Services, Secrets and subjects are those of its own', async (t) => {
  const fixture = await startRouteFixture(t, { config: { natsSinkPrefix: 'gemini' } })
  await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(platform, { allowedRoutes: all })
  const metadata = { namespace: tenant, name: 'worker' }
  const spec = { selector: { app: 'w' }, ports: [{ port: 80 }], clusterIP: '10.0.0.9' }
  await fixture.client.create<Service>(serviceKind, { apiVersion: 'v1', kind: 'Service', metadata, spec })
  const headersSecretRef = { name: apiKeySecretName }
  await fixture.applyRoute('thief', {
    sinks: [
      { name: 'by-service', service: { name: 'worker' } },
      { name: 'by-secret', uri: 'https://evil.example.com/', auth: { headersSecretRef } },
      { name: 'by-subject', nats: { subject: `gemini.${tenant}.events` } },
    ],
  })
  const route = await fixture.untilReason('thief', 'Attached')
  const entry = await fixture.entryOf(route)
  assert.deepEqual(entry?.heldSinks?.toSorted(), ['by-secret', 'by-service'])
  assert.deepEqual(
    entry?.sinks.map(({ destination }) => destination.type === 'nats' && destination.subject),
    [`gemini.${team}.gemini.${tenant}.events`],
  )
  assert.equal(conditionIn(route, 'SinksResolved')?.status, 'False')
  assert.doesNotMatch(JSON.stringify(route.status), /10\.0\.0\.9/)
  const own = { namespace: team, name: 'worker' }
  await fixture.client.create<Service>(serviceKind, { apiVersion: 'v1', kind: 'Service', metadata: own, spec })
  await eventually(
    'the Service of its own namespace is used',
    async () => (await fixture.entryOf(route))?.heldSinks?.includes('by-service') === false,
    patience,
  )
})
