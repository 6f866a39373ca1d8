import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { startKubernetesApi } from '../../../playground/kubernetes-api/server.ts'
import { systemClock } from '../../../src/clock.ts'
import { openCredentials } from '../../../src/kubernetes/credentials.ts'
import { openKubernetesClient } from '../../../src/kubernetes/open-client.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { namespaceKind } from '../../support/worlds/operator-world.ts'

/** A service account as the kubelet mounts it. */
async function mountAccount(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-account-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)))
  return folder
}

const authorized = (token: string) => ({ authorization: `Bearer ${token}` })

test('a pod is told by its service account whom to call and who it is', async (t) => {
  const folder = await mountAccount(t, { token: 'first\n', 'ca.crt': 'a certificate' })
  for (const [host, origin] of [
    ['10.0.0.1', 'https://10.0.0.1:6443'],
    ['fd00::1', 'https://[fd00::1]:6443'],
  ] as const) {
    const source = await openCredentials({ pod: { host, port: '6443', folder }, clock: new FakeClock() })
    const { server, tls, headers } = await source.current()
    assert.deepEqual([server.origin, tls, headers], [origin, { ca: 'a certificate' }, authorized('first')])
  }
})

test('its token and authority are read again every minute, and at once when they were refused', async (t) => {
  const folder = await mountAccount(t, { token: 'first', 'ca.crt': 'old' })
  const clock = new FakeClock()
  const source = await openCredentials({ pod: { host: 'kubernetes', port: '443', folder }, clock })
  await writeFile(join(folder, 'token'), 'second')
  await writeFile(join(folder, 'ca.crt'), 'new')
  await clock.advance({ seconds: 59 })
  assert.deepEqual((await source.current()).headers, authorized('first'))
  await clock.advance({ seconds: 1 })
  const second = await source.current()
  assert.deepEqual([second.headers, second.tls], [authorized('second'), { ca: 'new' }])

  await writeFile(join(folder, 'token'), 'third')
  const third = await source.renew(second)
  assert.deepEqual(third.headers, authorized('third'))
  assert.equal(await source.renew(second), third, 'refused before it was replaced')
})

test('a token that is gone or empty for a moment is no reason to stop', async (t) => {
  const folder = await mountAccount(t, { token: 'first', 'ca.crt': 'old' })
  const clock = new FakeClock()
  const source = await openCredentials({ pod: { host: 'kubernetes', port: '443', folder }, clock })
  for (const spoil of [() => writeFile(join(folder, 'token'), ''), () => rm(join(folder, 'token'))]) {
    await spoil()
    await clock.advance({ minutes: 1 })
    assert.deepEqual((await source.current()).headers, authorized('first'))
  }
  await assert.rejects(source.renew(await source.current()), /token/)
})

test('the API server takes what a pod says of itself', async (t) => {
  const shared = { clock: systemClock, random: Math.random, logger: silentLogger }
  const server = await startKubernetesApi({ ...shared, token: 'the-token', crds: [] })
  t.after(() => server.stop())
  const folder = await mountAccount(t, { token: 'the-token\n', 'ca.crt': server.caPem })
  const { hostname: host, port } = new URL(server.url)
  const client = await openKubernetesClient({
    ...shared,
    pod: { host, port, folder },
    userAgent: 'test/0',
    metrics: createMetrics(),
  })
  t.after(() => client.close())
  const created = await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ml' } })
  assert.equal(created.metadata.name, 'ml')
})
