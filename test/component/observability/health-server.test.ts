import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createHealthServer, type ProbeResult } from '../../../src/observability/health-server.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { RawConnection } from '../../support/measures/raw-connection.ts'

async function startServer(probes: { readiness?: () => ProbeResult; liveness?: () => ProbeResult } = {}) {
  const metrics = createMetrics()
  const server = createHealthServer({
    host: '127.0.0.1',
    port: 0,
    metrics,
    readiness: probes.readiness ?? (() => ({ ok: true })),
    liveness: probes.liveness ?? (() => ({ ok: true })),
    logger: silentLogger,
  })
  const { port } = await server.listen()
  return {
    metrics,
    server,
    port,
    ask: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init),
  }
}

test('a probe that fails answers 503 and says why in plain text', async (t) => {
  let synced = false
  const readiness = () => (synced ? { ok: true as const } : { ok: false as const, why: 'keyring not loaded yet' })
  const { server, ask } = await startServer({ readiness })
  t.after(() => server.close())

  const before = await ask('/readyz')
  assert.equal(before.status, 503)
  assert.equal(await before.text(), 'keyring not loaded yet\n')
  assert.match(before.headers.get('content-type') ?? '', /^text\/plain/)
  assert.equal((await ask('/healthz')).status, 200, 'not ready is no reason to be restarted')

  synced = true
  assert.equal((await ask('/readyz?verbose')).status, 200)
})

test('metrics are exposed as Prometheus reads them', async (t) => {
  const { server, metrics, ask } = await startServer()
  t.after(() => server.close())
  metrics.counter({ name: 'gwh_probes_total', help: 'Probes.', labels: ['kind'] }).add(2, { kind: 'ready' })

  const answer = await ask('/metrics')
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  assert.match(await answer.text(), /^gwh_probes_total\{kind="ready"\} 2$/m)
})

test('other paths and methods are refused, HEAD is answered without a body', async (t) => {
  const { server, ask } = await startServer()
  t.after(() => server.close())

  assert.equal((await ask('/')).status, 404)
  const post = await ask('/healthz', { method: 'POST', body: 'x' })
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
  const head = await ask('/healthz', { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
})

test('a port that is taken is an error of listen, not of the process', async (t) => {
  const first = await startServer()
  t.after(() => first.server.close())
  const second = createHealthServer({
    host: '127.0.0.1',
    port: first.port,
    metrics: createMetrics(),
    readiness: () => ({ ok: true }),
    liveness: () => ({ ok: true }),
    logger: silentLogger,
  })
  await assert.rejects(second.listen(), { code: 'EADDRINUSE' })
})

test('close does not wait for a scraper that keeps its connection open', async () => {
  const { server, ask } = await startServer()
  await (await ask('/healthz')).text()
  await server.close()
  await assert.rejects(ask('/healthz'))
})

test('whoever fills the port keeps no probe out', async (t) => {
  const { server, port, ask } = await startServer()
  t.after(() => server.close())
  const silent = await Promise.all(Array.from({ length: 128 }, () => RawConnection.open(port)))
  t.after(() => silent.forEach((connection) => connection.close()))
  assert.equal((await ask('/healthz')).status, 200)
  await Promise.any(silent.map(({ closed }) => closed))
})

test('metrics are rendered once for all who wait for them, and who asks again before an answer loses the connection', async (t) => {
  const { server, port, metrics, ask } = await startServer()
  t.after(() => server.close())
  let renderings = 0
  const render = () => {
    const startedMs = performance.now()
    while (performance.now() - startedMs < 5);
    return (renderings += 1)
  }
  metrics.gauge({ name: 'gwh_renderings', help: 'How often this was asked for.', collect: render })
  const scrapes = await Promise.all(Array.from({ length: 40 }, () => ask('/metrics').then((answer) => answer.text())))
  assert.ok(scrapes.every((text) => text.includes('gwh_renderings')))
  assert.ok(renderings < 20, `${renderings} renderings for 40 scrapes`)

  const before = renderings
  const crowd = await RawConnection.open(port)
  crowd.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1_000))
  await crowd.closed
  assert.ok(renderings - before <= 1, `${renderings - before} renderings for one connection`)
  assert.match(await (await ask('/metrics')).text(), /^gwh_renderings \d+$/m)
})
