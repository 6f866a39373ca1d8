import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { allCrds } from '../../../src/api/crd.ts'
import { systemClock, type Clock } from '../../../src/clock.ts'
import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { openKubernetesClient } from '../../../src/kubernetes/open-client.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { EndpointDirectory } from '../../../src/receiver/endpoint-directory.ts'
import { watchConfiguration } from '../../../src/receiver/watch-configuration.ts'
import { startKubernetesApi } from '../../../playground/kubernetes-api/server.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { namespaceKind, operatorNamespace, secretKind } from '../../support/worlds/operator-world.ts'
import { AlertBench } from '../../support/measures/promql/alert-bench.ts'

const expected = new Set(['GwhNoLeader', 'GwhReceiverAbsent'])
const firing = (bench: AlertBench) => bench.firing().filter((name) => !expected.has(name))

/** What a receiver hears from the API server, on a clock of its own that is wrong by so many seconds. */
async function aWatch(t: TestContext, { clockIsWrongBySeconds = 0 } = {}) {
  const shared = { random: Math.random, logger: silentLogger }
  const api = await startKubernetesApi({ ...shared, clock: systemClock, token: 'token', crds: allCrds() })
  t.after(() => api.stop())
  const folder = mkdtempSync(join(tmpdir(), 'gwh-watch-alerts-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const kubeconfigPath = join(folder, 'kubeconfig')
  writeFileSync(kubeconfigPath, api.kubeconfigYaml())
  const timers = new FakeClock(systemClock.now() + clockIsWrongBySeconds * 1000)
  let passedMs = 0
  const clock: Clock = {
    now: () => timers.now() + passedMs,
    monotonic: () => timers.monotonic() + passedMs,
    after: (delayMs, callback) => timers.after(delayMs, callback),
  }
  const metrics = createMetrics()
  const client = await openKubernetesClient({ ...shared, clock, kubeconfigPath, userAgent: 'test/0', metrics })
  t.after(() => client.close())
  await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: operatorNamespace } })
  const directory = new EndpointDirectory()
  const watch = watchConfiguration({ ...shared, client, operatorNamespace, directory, clock, metrics })
  t.after(() => watch.stop())
  watch.start()
  await eventually('the first lists', () => directory.isSynced)
  const scrape = async () => (await metrics.expose()).text
  /** Time passes, and no timer is due: hundreds of watches that are tried again add nothing. */
  const pass = (minutes: number) => (passedMs += minutes * 60_000)
  return { api, client, pass, scrape }
}

test('a watch on which nothing is heard for a quarter of an hour is told', async (t) => {
  const { api, pass, scrape } = await aWatch(t)
  const bench = new AlertBench()
  bench.hold({ receiver: await scrape() }, 120)
  assert.deepEqual(firing(bench), [])
  await api.stop()
  const silentFor = async (minutes: number) => {
    for (let passed = 0; passed < minutes; passed += 1) {
      pass(1)
      bench.hold({ receiver: await scrape() }, 1)
    }
  }
  await silentFor(13)
  assert.ok(!firing(bench).includes('GwhWatchSilent'))
  await silentFor(4)
  assert.ok(firing(bench).includes('GwhWatchSilent'))
})

test('a keyring that cannot be read is told', async (t) => {
  const { client, scrape } = await aWatch(t)
  const bench = new AlertBench()
  bench.hold({ receiver: await scrape() }, 120)
  assert.deepEqual(firing(bench), [])
  const name = keyringSecretNameFor('uid-1')
  const data = { 'uid-1': Buffer.from('{not an entry').toString('base64') }
  await client.create(secretKind, { metadata: { namespace: operatorNamespace, name }, data } as never)
  const counted = await eventually('the problem is counted', async () => {
    const text = await scrape()
    return /^gwh_receiver_keyring_problems_total [1-9]/m.test(text) && text
  })
  bench.step({ receiver: counted })
  assert.deepEqual(firing(bench), ['GwhKeyringProblems'])
})

test('a clock that is wrong by more than a minute is told, either way', async (t) => {
  for (const clockIsWrongBySeconds of [90, -90]) {
    const { scrape } = await aWatch(t, { clockIsWrongBySeconds })
    const bench = new AlertBench()
    bench.hold({ receiver: await scrape() }, 4)
    assert.deepEqual(firing(bench), [])
    bench.hold({ receiver: await scrape() }, 2)
    assert.deepEqual(firing(bench), ['GwhClockSkew'])
  }
})
