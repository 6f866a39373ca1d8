import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sinkCredentialsSecretType } from '../../../src/api/names.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { recordSecret } from '../../support/measures/run-record.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { platform, startRouteFixture, team } from '../../support/worlds/route-fixture.ts'
import { tenant } from '../../support/worlds/controller-fixture.ts'

const secret = 'a-secret-of-the-path'
const urlOf = (host: string, rest = '') => `https://${host}.example.com/services/${secret}${rest}`
const patience = { timeoutMs: 20_000, intervalMs: 20 }

test('URLs of Secrets reach the receivers of a webhook and of a route, changes too, and no object or Event tells more than the host', async (t) => {
  const fixture = await startRouteFixture(t, { config: { resyncIntervalMs: 600_000 } })
  const { client } = fixture
  async function putUrl(namespace: string, value: string | undefined) {
    const key = { namespace, name: 'chat' }
    const existing = await client.get<Secret>(secretKind, key)
    if (value === undefined) return client.delete(secretKind, key)
    recordSecret(value)
    const data = { url: Buffer.from(value).toString('base64') }
    if (existing !== undefined) return client.replace<Secret>(secretKind, { ...existing, data })
    const made = { apiVersion: 'v1', kind: 'Secret', type: sinkCredentialsSecretType, metadata: key, data }
    return client.create<Secret>(secretKind, made)
  }
  const uriSecretRef = { name: 'chat', key: 'url' }
  const sinks = [{ name: 'chat', uriSecretRef }]
  const dead = [{ name: 'worker', uri: 'https://worker.example.com/', deadLetter: { uriSecretRef } }]
  await putUrl(tenant, urlOf('first'))
  await putUrl(team, urlOf('team'))
  await fixture.putApiKey()
  const running = await fixture.startController()
  const { metadata } = await fixture.apply(platform, { sinks, allowedRoutes: { namespaces: { from: 'All' } } })
  await fixture.applyRoute('nightly', { sinks: [...sinks, ...dead] })
  const route = await fixture.untilReason('nightly', 'Attached')
  const ready = await fixture.untilCondition(platform, 'Ready', { status: 'True' })
  assert.deepEqual(ready.status?.sinks, [{ name: 'chat', address: 'https://first.example.com', ready: true }])
  const destination = { type: 'http', isSecret: true, reach: 'public' }
  const [chat, worker] = (await fixture.entryOf(route))?.sinks ?? []
  assert.deepEqual(chat?.destination, { ...destination, url: urlOf('team') })
  assert.deepEqual(worker?.deadLetter, { ...destination, url: urlOf('team') })
  const seen = await fixture.untilRoute('nightly', 'resolved', ({ status }) => status?.sinks?.[0]?.ready === true)
  assert.equal(seen.status?.sinks?.[0]?.address, 'https://team.example.com')

  await putUrl(tenant, urlOf('second', '?token=x'))
  const entry = () => fixture.keyringEntry(metadata.uid)
  await eventually(
    'receivers have the new URL',
    async () => {
      const changed = (await entry())?.sinks[0]?.destination
      return changed?.type === 'http' && changed.url === urlOf('second', '?token=x')
    },
    patience,
  )
  await eventually(
    'the status has the new host',
    async () => (await fixture.get(platform))?.status?.sinks?.[0]?.address === 'https://second.example.com',
    patience,
  )

  const messages = {
    [urlOf('third', '#part')]:
      /^spec\.sinks\[chat\]\.uriSecretRef: Secret chat: the value of key "url" has .*remove it/,
    [secret]: /^spec\.sinks\[chat\]\.uriSecretRef: Secret chat: the value of key "url" is no http or https URL/,
    gone: /^spec\.sinks\[chat\]\.uriSecretRef: Secret chat does not exist: create it/,
  }
  for (const [value, message] of Object.entries(messages)) {
    await putUrl(tenant, value === 'gone' ? undefined : value)
    await eventually(
      `the condition says ${message.source}`,
      async () => message.test(fixture.conditionOf(await fixture.get(platform), 'SinksResolved')?.message ?? ''),
      patience,
    )
    await eventually('receivers hold', async () => (await entry())?.heldSinks?.includes('chat'), patience)
  }
  await putUrl(tenant, urlOf('fourth'))
  await fixture.untilCondition(platform, 'SinksResolved', { status: 'True' })
  await eventually('receivers go on', async () => (await entry())?.heldSinks === undefined, patience)

  const told = [await fixture.get(platform), await fixture.getRoute('nightly'), fixture.events, await running.scrape()]
  assert.ok(!JSON.stringify(told).includes(secret))
})
