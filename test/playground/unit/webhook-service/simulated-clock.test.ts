import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createSimulatedClock } from '../../../../playground/webhook-service/simulated-clock.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'

const settle = () => Promise.resolve()
const pause = () => new Promise<void>((turn) => setImmediate(turn))

test('runs like the clock below it, plus what it was advanced by', async () => {
  const base = new FakeClock()
  const clock = createSimulatedClock(base)
  const startMs = base.now()
  await clock.advance(3_600_000, settle)
  await base.advance({ seconds: 5 })
  assert.equal(clock.now() - startMs, 3_605_000)
  assert.equal(base.now() - startMs, 5_000)
})

test('what falls due while it is advanced happens in order, each at its own time, new timers included', async () => {
  const clock = createSimulatedClock(new FakeClock())
  const startMs = clock.now()
  const seen: [string, number][] = []
  const note = (name: string) => seen.push([name, clock.now() - startMs])
  clock.after(3_000, () => note('third'))
  clock.after(1_000, () => {
    note('first')
    clock.after(1_000, () => note('second'))
  })
  clock.after(9_000, () => note('too late'))
  await clock.advance(5_000, settle)
  assert.deepEqual(seen, [
    ['first', 1_000],
    ['second', 2_000],
    ['third', 3_000],
  ])
})

test('a timer that was passed over fires once, and the rest at the right time of the clock below', async () => {
  const base = new FakeClock()
  const clock = createSimulatedClock(base)
  let fired = 0
  clock.after(10_000, () => fired++)
  await clock.advance(9_000, settle)
  assert.equal(fired, 0)
  await base.advance({ seconds: 1 })
  assert.equal(fired, 1)
  await clock.advance(60_000, settle)
  await base.advance({ minutes: 1 })
  assert.equal(fired, 1)
})

test('two advances at once add up', async () => {
  const clock = createSimulatedClock(new FakeClock())
  const startMs = clock.now()
  await Promise.all([clock.advance(60_000, pause), clock.advance(5_000, pause), clock.advance(0, settle)])
  assert.equal(clock.now() - startMs, 65_000)
})

test('an advance that fails does not stop the next one', async () => {
  const clock = createSimulatedClock(new FakeClock())
  const startMs = clock.now()
  await assert.rejects(clock.advance(1_000, () => Promise.reject(new Error('no'))))
  await clock.advance(2_000, settle)
  assert.ok(clock.now() - startMs >= 2_000)
})

test('a cancelled timer never fires', async () => {
  const base = new FakeClock()
  const clock = createSimulatedClock(base)
  let fired = false
  const cancel = clock.after(1_000, () => (fired = true))
  cancel()
  await clock.advance(2_000, settle)
  await base.advance({ seconds: 2 })
  assert.equal(fired, false)
  assert.equal(base.pending, 0)
})

test('what a timer starts is awaited before time moves on', async () => {
  const clock = createSimulatedClock(new FakeClock())
  const startMs = clock.now()
  let open = false
  const seen: number[] = []
  clock.after(1_000, () => (open = true))
  clock.after(2_000, () => assert.equal(open, false, 'the first one had not ended'))
  await clock.advance(3_000, async () => {
    await Promise.resolve()
    if (open) seen.push(clock.now() - startMs)
    open = false
  })
  assert.deepEqual(seen, [1_000])
})
