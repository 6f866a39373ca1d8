import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { BackfillStatus } from '../../../src/api/backfill.ts'
import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../../src/api/kind.ts'
import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import { clusterIn } from '../../../src/cli/operator-access.ts'
import { systemClock } from '../../../src/clock.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'
import { startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'

const name = 'batch-events'
const object = `${tenant}/${name}`
const key = { namespace: tenant, name }

/** An object that no controller looks at: the test answers requests in its place. */
async function aWorld(t: TestContext, spec: Pick<GeminiWebhookSpec, 'backfill'> = { backfill: {} }) {
  const fixture = await startControllerFixture(t)
  await fixture.apply(name, spec)
  const deps = { clock: systemClock, random: () => 0.5, version: '1.2.3' }
  const gwh = gwhCommand({ cluster: clusterIn(deps) }, { GWH_KUBECONFIG: fixture.kubeconfigPath })
  const read = async () => {
    const webhook = await fixture.client.get<GeminiWebhook>(geminiWebhookKind, key)
    assert.ok(webhook)
    return webhook
  }
  const tell = async (told: BackfillStatus) => {
    const webhook = await read()
    await fixture.client.replaceStatus<GeminiWebhook>(geminiWebhookKind, {
      ...webhook,
      status: { ...webhook.status, backfill: told },
    })
  }
  return { gwh, read, tell }
}

test('gwh backfill asks by the spec, waits until it is answered, and says how much was missing', async (t) => {
  const { gwh, read, tell } = await aWorld(t)
  await tell({ total: 5 })
  const asking = gwh('backfill', object, '--since=26h', '--request-id=outage-1', '-o', 'json')
  await eventually('it is asked for', async () => (await read()).spec.backfill?.request !== undefined)
  const request = (await read()).spec.backfill?.request
  assert.equal(request?.id, 'outage-1')
  assert.ok(Math.abs(Date.now() - Date.parse(request.since ?? '') - 26 * 3_600_000) < 60_000)
  await tell({ total: 8, handledRequestIDs: ['outage-1'] })
  const { code, out, err } = await asking
  assert.deepEqual([code, err], [0, ''])
  const { until, ...told } = JSON.parse(out) as { until: string }
  assert.deepEqual(told, { requestId: 'outage-1', done: true, since: request.since, found: 3 })
  assert.equal(Date.parse(until) - Date.parse(request.since ?? ''), 25.5 * 3_600_000)

  const again = await gwh('backfill', object, '--request-id=outage-1')
  assert.deepEqual([again.code, again.out], [1, ''])
  assert.match(again.err, /^gwh backfill: --request-id: outage-1 was answered before and never sends again/)
})

test('that nothing was missing is said of the batches that were looked through, not of those that just ended', async (t) => {
  const { gwh, read, tell } = await aWorld(t, { backfill: { grace: '2h' } })
  const asking = gwh('backfill', object, '--request-id=lost-1')
  await eventually('it is asked for', async () => (await read()).spec.backfill?.request !== undefined)
  await tell({ total: 0, handledRequestIDs: ['lost-1'] })
  const { code, out } = await asking
  assert.equal(code, 0)
  const [, until = ''] =
    /: nothing was missing\. .* that ended until (\S+); later ones are left to Google/.exec(out) ?? []
  assert.ok(Math.abs(Date.now() - Date.parse(until) - 2 * 3_600_000) < 60_000, out)
})

test('the time of a request before is not taken over, and what cannot be answered in time says why', async (t) => {
  const { gwh, read, tell } = await aWorld(t, { backfill: { request: { id: 'old', since: '2026-11-21T12:00:00Z' } } })
  const asked = await gwh('backfill', object, '--wait=0s')
  assert.deepEqual([asked.code, asked.err], [0, ''])
  assert.match(asked.out, /^ml\/batch-events: backfill gwh-\S+ is asked for\n$/)
  assert.deepEqual(Object.keys((await read()).spec.backfill?.request ?? {}), ['id'])
  await tell({ failing: { since: '2026-11-21T12:00:00Z', message: 'Google answers 503' } })
  const late = await gwh('backfill', object, '--wait=100ms')
  assert.equal(late.code, 1)
  assert.match(late.err, /not done in 0\.1 s: runs fail since 2026-11-21T12:00:00Z: Google answers 503\n$/)
})

test('a request that would do nothing is refused, and the object stays as it is', async (t) => {
  const { gwh, read } = await aWorld(t, {})
  const { resourceVersion } = (await read()).metadata
  for (const flags of [[], ['--since=5h']]) {
    const { code, err } = await gwh('backfill', object, ...flags)
    assert.equal(code, 1)
    assert.match(err, /spec\.backfill is absent/)
  }
  assert.equal((await read()).metadata.resourceVersion, resourceVersion)
  assert.equal((await gwh('backfill', object, '--since=yesterday')).code, 2)
})
