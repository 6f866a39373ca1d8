import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { WorkingConfig } from '../../../src/controller/config.ts'
import { configMapKind, type ConfigMap } from '../../../src/kubernetes/core-kinds.ts'
import { formerConfigMapName, slotName, slotNames } from '../../../src/contract/receiver-report/slots.ts'
import { home, startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { isMended, reportBreakages } from '../../support/builders/report-breakages.ts'

/**
 * A receiver that somebody else runs may get and patch the ConfigMaps for reports, in every field; and whatever it says
 * is a lie.
 */

const name = 'batch-events'
const patience = { timeoutMs: 20_000, intervalMs: 20 }
const now = () => `${new Date().toISOString().slice(0, 19)}Z`

const keyOf = (slot: number) => ({ namespace: home, name: slotName(slot) })

async function aVictim(t: TestContext, config: Partial<WorkingConfig> = {}) {
  const fixture = await startControllerFixture(t, { config })
  const running = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply(name)
  const { metadata } = await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const patchMap = (slot: number, body: object) =>
    fixture.client.patch<ConfigMap>(configMapKind, keyOf(slot), body, { type: 'merge' })
  const readMap = (slot: number) => fixture.client.get<ConfigMap & { immutable?: boolean }>(configMapKind, keyOf(slot))
  /** What an honest receiver does. */
  const report = (slot: number, said: object) =>
    patchMap(slot, {
      data: { honest: JSON.stringify({ time: now(), ownInbox: true, endpoints: { [metadata.uid]: said } }) },
    })
  const until = (pending: number) =>
    eventually(
      `${pending} pending are told`,
      async () => ((await fixture.get(name))?.status?.delivery?.pending ?? 0) === pending,
      patience,
    )
  return { ...fixture, running, uid: metadata.uid, patchMap, readMap, report, until }
}

test('nonsense reaches no status, an honest report counts, and a rotation that is asked for is made', async (t) => {
  const it = await aVictim(t, { countsIntervalMs: 200 })
  const fields = {
    check: { attemptID: 'x'.repeat(10_000), keyID: 7 },
    lastVerifiedTime: '9999-12-31T00:00:00Z',
    refusingSince: '2026-02-31T00:00:00Z',
    lastDropTime: 'not a time',
    pending: -1,
  }
  const lie = JSON.stringify({ time: 'x', endpoints: { [it.uid]: fields, __proto__: fields }, sinks: { [it.uid]: 7 } })
  for (const slot of [0, 7, 15]) await it.patchMap(slot, { data: { hostile: lie, broken: '{', 'not.a_pod': '[]' } })
  await it.report(3, { pending: 12 })
  await it.until(12)
  const { delivery } = (await it.get(name))?.status ?? {}
  assert.equal(delivery?.refusingSince, undefined)
  assert.equal(delivery?.lastDropTime, undefined)
  assert.equal(delivery?.lastVerifiedTime, undefined)
  const before = it.calls().counts.rotateSigningSecret.received
  await it.patchMap(0, { data: { hostile: lie } })
  await it.patch(name, { spec: { rotation: { request: { id: 'leak', revokePrevious: 'Immediately' } } } })
  await eventually('rotated', () => it.calls().counts.rotateSigningSecret.received === before + 1, patience)
  const refused = await it.running.scrape()
  for (const part of ['report', 'check', 'time', 'count', 'sink']) {
    assert.match(refused, new RegExp(`^gwh_controller_reports_refused_total\\{part="${part}"\\} [1-9]`, 'm'), part)
  }
})

for (const [what, body] of reportBreakages) {
  test(`a ConfigMap that was made ${what} is put right, and the others are not concerned`, async (t) => {
    const it = await aVictim(t, { countsIntervalMs: 200 })
    await it.report(1, { pending: 11 })
    await it.until(11)
    await it.patchMap(2, body)
    await eventually('right again', async () => isMended(await it.readMap(2)), patience)
    await it.report(2, { pending: 21 })
    await it.until(21)
  })
}

test('ConfigMaps that were deleted are made again, and what is said there then counts', async (t) => {
  const it = await aVictim(t, { countsIntervalMs: 200 })
  await it.report(4, { pending: 14 })
  await it.until(14)
  await Promise.all(slotNames.map((slot) => it.client.delete(configMapKind, { namespace: home, name: slot })))
  await it.until(0)
  await eventually(
    'all are there',
    async () => {
      const found = await Promise.all(slotNames.map((_, slot) => it.readMap(slot)))
      return found.every((configMap) => configMap !== undefined)
    },
    patience,
  )
  await it.report(4, { pending: 24 })
  await it.until(24)
})

test('a ConfigMap that is made immutable keeps what it held, and what others reported goes on', async (t) => {
  const it = await aVictim(t)
  await it.report(5, { pending: 15 })
  const uid = (await it.readMap(5))?.metadata.uid
  await it.patchMap(5, { immutable: true })
  await eventually('another one', async () => ![undefined, uid].includes((await it.readMap(5))?.metadata.uid), patience)
  assert.match((await it.readMap(5))?.data?.['honest'] ?? '', /"pending":15/)
})

test('what a receiver of an older version reports counts; its ConfigMap goes once nobody reports there', async (t) => {
  const it = await startControllerFixture(t, { config: { resyncIntervalMs: 400, countsIntervalMs: 200 } })
  const key = { namespace: home, name: formerConfigMapName }
  await it.client.create<ConfigMap>(configMapKind, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data: {} })
  await it.putApiKey()
  await it.apply(name)
  const { metadata } = (await it.get(name)) ?? { metadata: { uid: '' } }
  const text = JSON.stringify({ time: now(), ownInbox: true, endpoints: { [metadata.uid]: { pending: 31 } } })
  await it.client.patch(configMapKind, key, { data: { 'gwh-receiver-0': text } }, { type: 'merge' })
  await it.startController()
  const pending = async () => (await it.get(name))?.status?.delivery?.pending
  await eventually('it counts', async () => (await pending()) === 31, patience)
  const newer = JSON.stringify({ time: now(), ownInbox: true, endpoints: { [metadata.uid]: { pending: 51 } } })
  const slot = { namespace: home, name: slotName(0) }
  await it.client.patch(configMapKind, slot, { data: { 'gwh-receiver-0': newer } }, { type: 'merge' })
  await eventually('the newer one, and not both', async () => (await pending()) === 51, patience)
  await eventually('gone', async () => (await it.client.get(configMapKind, key)) === undefined, patience)
})
