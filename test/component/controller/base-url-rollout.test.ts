import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const patience = { timeoutMs: 40_000, intervalMs: 20 }

test('a new base URL moves one object, halts on its failed check, and moves the rest once it is proven', async (t) => {
  const config = { baseUrl: 'https://old.example.com', pingRepeatMs: 5_000, pingAttempts: 1, resyncIntervalMs: 500 }
  const fixture = await startControllerFixture(t, { config })
  const first = await fixture.startController()
  await fixture.putApiKey()
  const names = ['one', 'two', 'three']
  for (const name of names) await fixture.apply(name)
  for (const name of names) await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await first.stop()

  config.baseUrl = 'https://new.example.com'
  config.pingRepeatMs = 300
  fixture.receiver.mode = 'silent'
  await fixture.startController()
  const moved = () => fixture.remotes().filter(({ uri }) => uri.startsWith(config.baseUrl)).length
  await eventually(
    'the others say that it is halted',
    async () => {
      const objects = await Promise.all(names.map((name) => fixture.get(name)))
      const saysSo = objects.map((webhook) => fixture.conditionOf(webhook, 'InSync')?.message ?? '')
      return saysSo.filter((message) => /check failed/.test(message)).length === names.length - 1
    },
    patience,
  )
  assert.equal(moved(), 1)
  const objects = await Promise.all(names.map((name) => fixture.get(name)))
  const tell = (type: string) => objects.map((webhook) => fixture.conditionOf(webhook, type)?.status ?? 'absent').sort()
  assert.deepEqual(tell('Ready'), ['False', 'True', 'True'], 'one that goes first, and no mass of red')
  // The one that went first may just be checked once more.
  const waiting = objects.filter((webhook) => fixture.conditionOf(webhook, 'InSync')?.reason === 'RolloutPending')
  assert.equal(waiting.length, 2)
  for (const webhook of waiting) {
    assert.equal(fixture.conditionOf(webhook, 'Reconciling'), undefined, 'who waits is at rest')
    assert.match(webhook?.status?.endpoint?.url ?? '', /^https:\/\/old/)
  }

  fixture.receiver.mode = 'answers'
  await eventually('all have moved', () => moved() === names.length, patience)
  for (const name of names) await fixture.untilCondition(name, 'Ready', { status: 'True' })
  assert.equal(fixture.calls().counts.update.received, names.length)
})
