import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startControllerFixture } from '../../support/controller-fixture.ts'
import { eventually } from '../../support/eventually.ts'

const patience = { timeoutMs: 40_000, intervalMs: 20 }

test('a new base URL moves one object, halts on its failed check, and moves the rest once it is proven', async (t) => {
  const config = { baseUrl: 'https://old.example.com', pingRepeatMs: 60, pingAttempts: 1, resyncIntervalMs: 500 }
  const fixture = await startControllerFixture(t, { config })
  const first = await fixture.startController()
  await fixture.putApiKey()
  const names = ['one', 'two', 'three']
  for (const name of names) await fixture.apply(name)
  for (const name of names) await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await first.stop()

  config.baseUrl = 'https://new.example.com'
  fixture.receiver.mode = 'silent'
  await fixture.startController()
  const moved = () => fixture.remotes().filter(({ uri }) => uri.startsWith(config.baseUrl)).length
  const halted = await eventually(
    'the others are told that it is halted',
    async () => {
      const objects = await Promise.all(names.map((name) => fixture.get(name)))
      return objects.find((webhook) => /check failed/.test(fixture.conditionOf(webhook, 'InSync')?.message ?? ''))
    },
    patience,
  )
  assert.equal(fixture.conditionOf(halted, 'InSync')?.reason, 'RolloutPending')
  assert.equal(moved(), 1)
  const objects = await Promise.all(names.map((name) => fixture.get(name)))
  const tell = (type: string) => objects.map((webhook) => fixture.conditionOf(webhook, type)?.status ?? 'absent').sort()
  assert.deepEqual(tell('Ready'), ['False', 'True', 'True'], 'one that goes first, and no mass of red')
  assert.deepEqual(tell('Reconciling'), ['absent', 'absent', 'absent'], 'who waits is at rest')
  assert.match(halted.status?.endpoint?.url ?? '', /^https:\/\/old/)

  fixture.receiver.mode = 'answers'
  await eventually('all have moved', () => moved() === names.length, patience)
  for (const name of names) await fixture.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(fixture.calls().counts.update.received, names.length)
})
