import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../../src/clock.ts'
import { configMapKind, type ConfigMap } from '../../src/kubernetes/core-kinds.ts'
import { openKubernetesClient } from '../../src/kubernetes/open-client.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { ReportPlace } from '../../src/receiver/report-place.ts'
import { slotName, slotNames } from '../../src/contract/receiver-report/slots.ts'
import { home, startControllerFixture } from '../support/worlds/controller-fixture.ts'
import { eventually } from '../support/measures/eventually.ts'
import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'
import { isMended, reportBreakages } from '../support/builders/report-breakages.ts'

const patience = { timeoutMs: 30_000 }

await withRealApiServer('what receivers report into, on a real API server, under the roles that ship', (server) => {
  test('whatever one receiver does to a ConfigMap, the controller puts it right, and another goes on reporting', async (t) => {
    const running = server()
    await applyCrds(running)
    const fixture = await startControllerFixture(t, {
      kubeconfigPath: running.kubeconfigPath,
      controllerKubeconfig: () => running.kubeconfigForServiceAccount(home, 'gwh-controller'),
    })
    const applied = await running.kubectl(['apply', '-f', 'deploy/rbac'])
    assert.equal(applied.code, 0, applied.stderr)
    await fixture.startController()
    const client = await openKubernetesClient({
      kubeconfigPath: await running.kubeconfigForServiceAccount(home, 'gwh-receiver'),
      userAgent: 'hostile-receiver/1',
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
      metrics: createMetrics(),
    })
    t.after(() => client.close())
    const honest = new ReportPlace({ client, namespace: home, podName: 'gwh-receiver-2', now: () => Date.now() })
    const time = `${new Date().toISOString().slice(0, 16)}:00Z`
    const read = (name: string) => fixture.client.get<ConfigMap>(configMapKind, { namespace: home, name })
    for (const [what, body] of reportBreakages) {
      await client.patch(configMapKind, { namespace: home, name: slotName(2) }, body, { type: 'merge' })
      await honest.write(JSON.stringify({ time, endpoints: { [what.length]: { pending: 1 } } }))
      assert.equal(await honest.stands(), true, what)
      await eventually(`right again: ${what}`, async () => isMended(await read(slotName(2))), patience)
    }
    for (const name of slotNames) await fixture.client.delete(configMapKind, { namespace: home, name })
    await eventually('made again', async () => (await Promise.all(slotNames.map(read))).every(isMended), patience)
    assert.equal(await honest.stands(), false)
    await honest.write(JSON.stringify({ time, endpoints: {} }))
    await assert.rejects(client.delete(configMapKind, { namespace: home, name: slotName(0) }), /forbidden/)
  })
})
