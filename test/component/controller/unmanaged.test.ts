import assert from 'node:assert/strict'
import { test } from 'node:test'

import { eventually } from '../../support/measures/eventually.ts'
import { startControllerFixture } from '../../support/worlds/controller-fixture.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }

test('webhooks of the project that nobody manages are counted in status and metric, and adopting one takes it out', async (t) => {
  const it = await startControllerFixture(t, { config: { resyncIntervalMs: 100, confirmIntervalMs: 30 } })
  const running = await it.startController()
  await it.putApiKey()
  await it.apply(name)
  const first = await it.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(first.status?.project, undefined, 'its own webhook is managed')
  const untilCounted = (count: number | undefined, object = name) =>
    eventually(
      `${object} counts ${count}`,
      async () => {
        const webhook = await it.get(object)
        return webhook?.status?.project?.unmanagedWebhooks === count && webhook
      },
      patience,
    )
  const inMetric = (count: number) =>
    eventually(
      `the metric counts ${count}`,
      async () => (await running.scrape()).includes(`\ngwh_controller_unmanaged_webhooks ${count}\n`),
      patience,
    )

  const input = { uri: 'https://old.example.com/', subscribedEvents: ['batch.failed'] }
  const byHand = it.admin.createWebhook('project-a', { ...input, name: 'made by hand' })
  it.admin.createWebhook('project-a', { ...input, name: 'made by another hand' })
  it.admin.createWebhook('project-a', { ...input, name: 'gwh:0123456789ab @01234567 of another installation' })
  const counted = await untilCounted(2)
  assert.equal(it.conditionOf(counted, 'Ready')?.status, 'True', 'it is nobody’s trouble')
  await inMetric(2)

  const { resourceVersion } = counted.metadata
  const lists = it.calls().counts.list.received
  await eventually('ten lists', () => it.calls().counts.list.received >= lists + 10, patience)
  assert.equal((await it.get(name))?.metadata.resourceVersion, resourceVersion, 'the same count is not written again')

  await it.apply('adopting', { externalID: byHand.id })
  await it.untilCondition('adopting', 'Ready', { status: 'True' })
  for (const object of [name, 'adopting']) await untilCounted(1, object)
  await inMetric(1)
  for (const remote of it.remotes()) if (remote.name === 'made by another hand') it.admin.deleteWebhook(remote.id)
  await untilCounted(undefined)
  await inMetric(0)
})
