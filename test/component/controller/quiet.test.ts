import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

test('a hundred resyncs leave every resourceVersion as it was, and call Google for lists only', async (t) => {
  const fixture = await startControllerFixture(t, { config: { confirmIntervalMs: 5, resyncIntervalMs: 10 } })
  const writes: string[] = []
  await fixture.startController((moment, call) => {
    if (moment === 'before') writes.push(call)
  })
  await fixture.putApiKey()
  const names = ['one', 'two', 'three']
  for (const name of names) await fixture.apply(name)
  for (const name of names) await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const versions = async () =>
    Promise.all(names.map(async (name) => (await fixture.get(name))?.metadata.resourceVersion))
  const before = await versions()
  writes.length = 0
  fixture.admin.resetCalls()
  await eventually('a hundred lists', () => fixture.calls().counts.list.received >= 100, { timeoutMs: 20_000 })
  assert.deepEqual(await versions(), before)
  assert.deepEqual(writes, [])
  const { list, ...others } = fixture.calls().counts
  assert.ok(list.received >= 100)
  assert.deepEqual(
    Object.entries(others).filter(([, { received }]) => received > 0),
    [],
  )
})

test('an object costs at most eight Kubernetes writes and exactly one create until it is Ready', async (t) => {
  const fixture = await startControllerFixture(t)
  const writes: string[] = []
  await fixture.startController((moment, call) => {
    if (moment === 'before' && !call.endsWith('at Google') && !call.endsWith('ConfigMap')) writes.push(call)
  })
  await fixture.putApiKey()
  await fixture.apply('batch-events')
  await fixture.untilCondition('batch-events', 'Ready', { status: 'True' })
  t.diagnostic(writes.join(', '))
  const statuses = writes.filter((call) => call.startsWith('replaceStatus'))
  assert.ok(writes.length <= 8, writes.join(', '))
  assert.equal(statuses.length, 3, 'the intent, the registration with its open check, the proof')
  assert.equal(fixture.calls().counts.create.received, 1)
})

test('objects that share an API key share its lists', async (t) => {
  const fixture = await startControllerFixture(t, { config: { resyncIntervalMs: 60_000 } })
  await fixture.putApiKey()
  const names = Array.from({ length: 20 }, (_, index) => `object-${index}`)
  for (const name of names) await fixture.apply(name)
  await fixture.startController()
  for (const name of names) await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const { list, create } = fixture.calls().counts
  t.diagnostic(`${list.received} lists for ${names.length} objects`)
  assert.equal(create.received, names.length)
  assert.equal(fixture.remotes().length, names.length)
  assert.ok(list.received <= names.length, 'single-flight: fewer lists than objects')
})
