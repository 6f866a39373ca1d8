import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import {
  createCallBudget,
  pauseBudget,
  refill,
  uniteBudgets,
  waitFor,
  type CallAccount,
  type CallBudget,
} from '../../../src/gemini/call-budget.ts'
import { createGeminiMetrics } from '../../../src/gemini/gemini-metrics.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'

const settings = { callsPerSecond: 2, burst: 3, maxWaitMs: 5_000 }
const aBudget = () => {
  const clock = new FakeClock()
  const registry = createMetrics()
  const budget = createCallBudget({ settings, clock, metrics: createGeminiMetrics(registry) })
  return { clock, budget, registry }
}
/** Takes `count` times and tells which have been let through. */
function taking(budget: { take(signal?: AbortSignal): Promise<void> }, count: number) {
  const went: number[] = []
  const refused: unknown[] = []
  for (let index = 0; index < count; index++) {
    budget.take().then(
      () => went.push(index),
      (error: unknown) => refused.push(error),
    )
  }
  return { went, refused }
}

test('a bucket refills at the steady rate and never above its burst', () => {
  const empty = { tokens: 0, atMs: 0, pausedUntilMs: 0 }
  assert.equal(refill(empty, settings, 500).tokens, 1)
  assert.equal(refill(empty, settings, 60_000).tokens, 3)
})

test('nothing refills during a pause, and a shorter pause does not end a longer one', () => {
  const paused = pauseBudget({ tokens: 3, atMs: 0, pausedUntilMs: 0 }, 0, 10_000)
  assert.equal(refill(paused, settings, 9_000).tokens, 0)
  assert.equal(refill(paused, settings, 10_500).tokens, 1)
  assert.equal(pauseBudget(paused, 1_000, 1_000).pausedUntilMs, 10_000)
  assert.equal(waitFor(paused, settings, 0, 0), 10_500)
})

test('a burst goes at once, the rest at the steady rate, first come, first served', async () => {
  const { clock, budget } = aBudget()
  const { went } = taking(budget, 6)
  await settle()
  assert.deepEqual(went, [0, 1, 2])
  await clock.advance({ ms: 500 })
  assert.deepEqual(went, [0, 1, 2, 3])
  await clock.advance({ seconds: 1 })
  assert.deepEqual(went, [0, 1, 2, 3, 4, 5])
  assert.equal(clock.pending, 0, 'no timer is left when nobody waits')
})

test('who would have to wait longer than the limit is refused at once', async () => {
  const { budget } = aBudget()
  const { went, refused } = taking(budget, 20)
  await settle()
  assert.equal(went.length, 3)
  assert.equal(refused.length, 20 - 3 - 10, 'ten fit into five seconds at two a second')
  assert.equal((refused[0] as { code: string }).code, 'ERR_GEMINI_RATE_LIMITED')
})

test('a pause holds everybody, and nobody bursts when it ends', async () => {
  const { clock, budget } = aBudget()
  budget.pause(2_000)
  const { went } = taking(budget, 3)
  await clock.advance({ seconds: 2 })
  assert.deepEqual(went, [])
  await clock.advance({ ms: 500 })
  assert.deepEqual(went, [0])
  await clock.advance({ ms: 1_000 })
  assert.deepEqual(went, [0, 1, 2])
})

test('a pause longer than the limit refuses those who wait, telling how long it lasts', async () => {
  const { budget } = aBudget()
  const { went, refused } = taking(budget, 4)
  budget.pause(60_000)
  await settle()
  assert.equal(went.length, 3)
  const [error] = refused as { retryAfterMs: number }[]
  assert.ok(error !== undefined && error.retryAfterMs >= 60_000)
})

test('who gives up leaves the queue to the others', async () => {
  const { clock, budget } = aBudget()
  taking(budget, 3)
  const abort = new AbortController()
  const given = budget.take(abort.signal)
  const { went } = taking(budget, 1)
  abort.abort(new Error('gave up'))
  await assert.rejects(given, /gave up/)
  await clock.advance({ ms: 500 })
  assert.deepEqual(went, [0])
  await assert.rejects(budget.take(abort.signal), /gave up/, 'an aborted signal never takes a token')
})

test('what is available is what would not wait: less with each call, nothing during a pause', async () => {
  const { clock, budget } = aBudget()
  assert.equal(budget.available(), 3)
  await budget.take()
  assert.equal(budget.available(), 2)
  budget.pause(10_000)
  assert.equal(budget.available(), 0)
  await clock.advance({ seconds: 10 })
  assert.equal(budget.available(), 0, 'after a pause there is no burst')
  await clock.advance({ seconds: 1 })
  assert.equal(budget.available(), 2)
  await clock.advance({ minutes: 1 })
  taking(budget, 5)
  assert.equal(budget.available(), 0, 'others wait')
})

/** Takes on the account of a party, and tells who went, in order. */
function takingFor(budget: CallBudget, went: string[], refused: string[]) {
  return (party: string, count: number, isUrgent = false) => {
    for (let index = 0; index < count; index++) {
      const name = `${party}${index}${isUrgent ? '!' : ''}`
      budget.take(undefined, { party, isUrgent }).then(
        () => went.push(name),
        () => refused.push(name),
      )
    }
  }
}

test('parties share the budget by turns: a crowd of one delays another by a turn', async () => {
  const { clock, budget } = aBudget()
  const [went, refused]: [string[], string[]] = [[], []]
  const take = takingFor(budget, went, refused)
  take('crowd', 60)
  await settle()
  take('victim', 2)
  take('', 1)
  await settle()
  assert.equal(went.length, 3, 'the burst went to who was there')
  await clock.advance({ seconds: 3 })
  assert.deepEqual(went.slice(3), ['crowd3', 'victim0', '0', 'crowd4', 'victim1', 'crowd5'])
})

test('only the crowd is refused for its length, and nothing of the budget is wasted', async () => {
  const { clock, budget } = aBudget()
  const [went, refused]: [string[], string[]] = [[], []]
  const take = takingFor(budget, went, refused)
  take('crowd', 60)
  take('victim', 3)
  await settle()
  assert.ok(refused.length > 40)
  assert.ok(refused.every((name) => name.startsWith('crowd')))
  await clock.advance({ seconds: 5 })
  assert.equal(went.length, 3 + 10, 'two a second, all the time')
  assert.ok(['victim0', 'victim1', 'victim2'].every((name) => went.includes(name)))
})

test('what is urgent goes before the rest of its party, and before nobody else', async () => {
  const { clock, budget } = aBudget()
  const [went, refused]: [string[], string[]] = [[], []]
  const take = takingFor(budget, went, refused)
  take('a', 5)
  await settle()
  take('b', 1)
  take('a', 1, true)
  await clock.advance({ seconds: 2 })
  assert.deepEqual(went.slice(3), ['a0!', 'b0', 'a3', 'a4'])
})

const anAccount = fc.record({ party: fc.constantFrom('a', 'b', 'c'), isUrgent: fc.boolean() })

test('for any parties and demands nobody who waits is passed by another party twice, and a free call is taken at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(anAccount, { maxLength: 4 }), { maxLength: 12 }), async (arrivals) => {
      const clock = new FakeClock()
      const metrics = createGeminiMetrics(createMetrics())
      const budget = createCallBudget({ settings: { ...settings, maxWaitMs: 60_000 }, clock, metrics })
      const waiting = new Set<{ party: string; passedBy: Map<string, number> }>()
      const arrive = ({ party, isUrgent }: CallAccount) => {
        const waiter = { party, passedBy: new Map<string, number>() }
        waiting.add(waiter)
        void budget.take(undefined, { party, isUrgent }).then(() => {
          waiting.delete(waiter)
          for (const { party: other, passedBy } of waiting) {
            // A turn of a party is a turn for whichever of its calls waits.
            if (other === party) passedBy.clear()
            else passedBy.set(party, (passedBy.get(party) ?? 0) + 1)
          }
        })
      }
      const look = async () => {
        await settle()
        for (const { passedBy } of waiting) for (const passes of passedBy.values()) assert.ok(passes <= 1)
        assert.ok(waiting.size === 0 || budget.available() === 0, 'somebody waits although a call is free')
      }
      for (const batch of [...arrivals, ...arrivals.map(() => [])]) {
        for (const account of batch) {
          arrive(account)
          await look()
        }
        await clock.advance({ ms: 500 })
        await look()
      }
    }),
    { numRuns: 60 },
  )
})

test('two budgets that become one have one burst, of which both have used, and no debt', () => {
  const full = { tokens: 3, atMs: 100, pausedUntilMs: 0 }
  const bounds = { ...settings, burst: 3 }
  assert.equal(uniteBudgets(full, full, bounds).tokens, 3)
  assert.equal(uniteBudgets(full, { ...full, tokens: 1 }, bounds).tokens, 1)
  assert.equal(uniteBudgets({ ...full, tokens: 1 }, { ...full, tokens: 0.5 }, bounds).tokens, 0)
  const paused = pauseBudget(full, 100, 5_000)
  for (const united of [uniteBudgets(full, paused, bounds), uniteBudgets(paused, full, bounds)]) {
    assert.deepEqual(united, { tokens: 0, atMs: 100, pausedUntilMs: 5_100 })
  }
})

test('for any use, one budget out of two lets no more calls through than one alone, and forgets nobody', async () => {
  const uses = fc.record({
    first: fc.nat(8),
    second: fc.nat(8),
    later: fc.nat(8),
    pauseMs: fc.constantFrom(0, 0, 1_500),
  })
  await fc.assert(
    fc.asyncProperty(uses, async ({ first, second, later, pauseMs }) => {
      const clock = new FakeClock()
      const metrics = createGeminiMetrics(createMetrics())
      const aPart = () => createCallBudget({ settings: { ...settings, maxWaitMs: 60_000 }, clock, metrics })
      const [one, other] = [aPart(), aPart()]
      const results = [taking(one, first), taking(other, second)]
      await settle()
      if (pauseMs > 0) other.pause(pauseMs)
      other.joinTo(one)
      results.push(taking(other, later))
      await settle()
      const wentNow = () => results.reduce((sum, { went }) => sum + went.length, 0)
      const atUnion = wentNow()
      // Each had its own burst before; from now on there is one, and it is what both have left.
      const used = Math.min(first, settings.burst) + Math.min(second, settings.burst)
      const free = pauseMs > 0 ? 0 : Math.max(settings.burst - used, 0)
      assert.equal(atUnion, used + Math.min(free, later), 'nobody who waits gets a second burst')
      for (let passedMs = 500; passedMs <= 20_000; passedMs += 500) {
        await clock.advance({ ms: 500 })
        const allowed = Math.max(passedMs - pauseMs, 0) / 500
        assert.ok(wentNow() - atUnion <= allowed, `${wentNow() - atUnion} calls in ${passedMs} ms`)
      }
      assert.equal(wentNow(), first + second + later)
    }),
    { numRuns: 100 },
  )
})

test('who waits at a budget that joins another waits on, in turn, and can still give up', async () => {
  const clock = new FakeClock()
  const metrics = createGeminiMetrics(createMetrics())
  const [one, other] = [1, 2].map(() => createCallBudget({ settings, clock, metrics }))
  assert.ok(one !== undefined && other !== undefined)
  taking(one, 3)
  taking(other, 3)
  await settle()
  const [went, refused]: [string[], string[]] = [[], []]
  takingFor(one, went, refused)('a', 2)
  takingFor(other, went, refused)('b', 2)
  const stop = new AbortController()
  const stopped = other.take(stop.signal, { party: 'c', isUrgent: false })
  other.joinTo(one)
  one.joinTo(other)
  stop.abort(new Error('stopped'))
  await assert.rejects(stopped, /^Error: stopped$/)
  await clock.advance({ ms: 500 })
  assert.deepEqual(went, ['a0'])
  await clock.advance({ ms: 1_500 })
  assert.deepEqual(went, ['a0', 'b0', 'a1', 'b1'])
  assert.deepEqual(refused, [])
  assert.equal(clock.pending, 0)
})
