import assert from 'node:assert/strict'
import { test } from 'node:test'

import { KubernetesApiError, type KubernetesClient } from '../../../src/kubernetes/client.ts'
import { ReportPlace } from '../../../src/receiver/report-place.ts'
import {
  firstSlotOf,
  formerConfigMapName,
  slotCount,
  slotName,
  slotNames,
} from '../../../src/contract/receiver-report/slots.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const alive = '{"time":"2026-11-21T11:59:00Z","endpoints":{}}'

const refuse = (status: number) => Promise.reject(new KubernetesApiError({ status, reason: 'x', message: 'x' }))

/** The ConfigMaps of a cluster; `refusing` answers with that status. */
function aCluster(names: readonly string[] = slotNames) {
  const maps = new Map<string, Record<string, string>>(names.map((name) => [name, {}]))
  const refusing = new Map<string, number>()
  let writes = 0
  const client: Pick<KubernetesClient, 'get' | 'patch'> = {
    get: (_kind, { name }) => Promise.resolve({ metadata: { name }, data: { ...maps.get(name) } } as never),
    patch: (_kind, { name }, body) => {
      writes += 1
      const data = maps.get(name)
      const status = refusing.get(name) ?? (data === undefined ? 404 : undefined)
      if (status !== undefined || data === undefined) return refuse(status ?? 404)
      for (const [key, text] of Object.entries((body as { data: Record<string, string | null> }).data)) {
        if (text === null) delete data[key]
        else data[key] = text
      }
      return Promise.resolve({ metadata: { name }, data: { ...data } } as never)
    },
  }
  const place = (podName: string) => new ReportPlace({ client, namespace: 'gwh', podName, now: () => nowMs })
  const holders = () => [...maps].flatMap(([name, data]) => Object.keys(data).map((pod) => [pod, name] as const))
  return { maps, refusing, place, holders, writes: () => writes }
}

test('twelve receivers of a Deployment end up alone, each in a ConfigMap of its own', async () => {
  const { place, holders } = aCluster()
  const pods = Array.from({ length: 12 }, (_, n) => `gwh-receiver-7c9d-${n.toString(36)}x${n * 7919}q`)
  const places = pods.map(place)
  for (let round = 0; round < 12; round++) for (const each of places) await each.write(alive)
  assert.equal(holders().length, 12)
  assert.equal(new Set(holders().map(([, name]) => name)).size, 12)
})

test('one that ended, or fell silent, takes nobody a place', async () => {
  const { maps, place, holders } = aCluster()
  const stopped = '{"time":"2026-11-21T11:59:00Z","ownInbox":true,"stopped":true,"endpoints":{}}'
  const slot = slotName(firstSlotOf('r-1'))
  maps.set(slot, { 'a-stopped': stopped, 'a-silent': '{"time":"2026-11-21T09:00:00Z"}', 'a-broken': 'x' })
  await place('r-1').write(alive)
  assert.deepEqual(holders().find(([pod]) => pod === 'r-1')?.[1], slot)
})

for (const [what, status] of Object.entries({ missing: 404, immutable: 422, full: 413, forbidden: 403 })) {
  test(`a place that is ${what} is left for the next one`, async () => {
    const { refusing, place, holders } = aCluster()
    refusing.set(slotName(5), status)
    const it = place('gwh-receiver-5')
    await it.write(alive)
    assert.deepEqual(holders(), [['gwh-receiver-5', slotName(6)]])
    assert.equal(await it.stands(), true)
  })
}

test('an API server that is away is no reason to go on', async () => {
  const { refusing, place, writes } = aCluster()
  for (const status of [0, 429, 500]) {
    refusing.set(slotName(5), status)
    const before = writes()
    await assert.rejects(place('gwh-receiver-5').write(alive))
    assert.equal(writes() - before, 1)
  }
})

test('under a controller of an older version the one ConfigMap takes it', async () => {
  const { place, holders } = aCluster([formerConfigMapName])
  const it = place('gwh-receiver-0')
  await it.write(alive)
  assert.deepEqual(holders(), [['gwh-receiver-0', formerConfigMapName]])
})

test('where nothing can be written the first refusal is thrown, and a round costs few requests', async () => {
  const { place, writes } = aCluster([])
  await assert.rejects(place('gwh-receiver-0').write(alive), KubernetesApiError)
  assert.ok(writes() <= 5, String(writes()))
})

test('others that claim every place silence it at no time: it says what it has to say where it is, and looks on', async () => {
  const { maps, place, holders } = aCluster()
  for (const name of slotNames) maps.set(name, { '0-hostile': alive })
  const it = place('gwh-receiver-0')
  for (let round = 0; round < slotCount; round++) {
    await it.write(alive)
    assert.equal(holders().filter(([pod]) => pod === 'gwh-receiver-0').length, 1, `round ${round}`)
    assert.equal(await it.stands(), true)
  }
})

test('others that claim every place make it share one, not wander for ever', async () => {
  const { maps, place, holders, writes } = aCluster()
  for (const name of slotNames) maps.set(name, { '0-hostile': alive })
  const it = place('gwh-receiver-0')
  for (let round = 0; round < slotCount; round++) await it.write(alive).catch(() => undefined)
  const before = writes()
  await it.write(alive)
  assert.equal(writes() - before, 1)
  assert.equal(holders().filter(([pod]) => pod === 'gwh-receiver-0').length, 1)
})
