/**
 * The promise of the fairness of tenants, for random tenants, demands and bounds: nobody below its share waits while
 * somebody above it is served, and nothing is idle while anything may run. Judged by a ledger of what was taken and by
 * the definition of the shares, not by what the room says of itself.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { SharedRoom, type Taker } from '../../../src/fairness/shared-room.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'

interface Tenant {
  readonly weight: number
  /** The most of the total that it may take. */
  readonly maxShare: number
  /** How much it wants at the same time. */
  readonly demand: number
}

const tenant: fc.Arbitrary<Tenant> = fc.record({
  weight: fc.constantFrom(0.5, 1, 1, 2, 4),
  maxShare: fc.constantFrom(0.05, 0.3, 1, 1),
  demand: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant(10_000)),
})
const tenants = fc.array(tenant, { minLength: 1, maxLength: 6 })

function roomOf(total: number, all: readonly Tenant[]): SharedRoom {
  return new SharedRoom({
    total,
    weightOf: (name) => all[Number(name)]?.weight ?? 1,
    maxShareOf: (name) => all[Number(name)]?.maxShare ?? 1,
  })
}

const sumOf = (amounts: readonly number[]) => amounts.reduce((sum, amount) => sum + amount, 0)
/** Where both are as good as equal, either answer is right. */
const tolerance = 1e-6

interface Asker {
  readonly name: string
  readonly weight: number
  /** What the ledger says that it has. */
  readonly has: number
  /** The most that it may ever have. */
  readonly most: number
  readonly isServed: boolean
}

/** Of those under one parent, in which so much is left, each asks for the same amount. */
function judge(askers: readonly Asker[], { left, amount }: { left: number; amount: number }): void {
  for (const { name, weight, has, most, isServed } of askers) {
    const mayHave = Math.min(4 * weight * (left - amount), most)
    const room = mayHave - (has + amount)
    if (Math.abs(room) > tolerance) {
      assert.equal(isServed, room > 0, `${name} has ${has}, wants ${amount} and may have ${mayHave}`)
    }
  }
  const waiting = askers.filter(({ isServed, has, most }) => !isServed && has + amount <= most - tolerance)
  for (const below of waiting) {
    for (const above of askers.filter(({ isServed }) => isServed)) {
      const isBelow = (below.has + amount) / below.weight < (above.has + amount) / above.weight - tolerance
      assert.ok(!isBelow, `${below.name} with ${below.has} waits while ${above.name} with ${above.has} is served`)
    }
  }
}

const step = fc.record({
  /** Names are the same at every level: only a namespace has a weight and a bound. */
  path: fc.tuple(fc.nat(5), fc.nat(2), fc.nat(2)),
  amount: fc.integer({ min: 1, max: 30 }),
  /** Which of those that were served is done before; none where fewer were. */
  done: fc.nat(40),
})
const steps = fc.array(step, { minLength: 40, maxLength: 80 })

test('nobody below its share waits while somebody above it is served, and who may be served is', () => {
  fc.assert(
    fc.property(tenants, fc.integer({ min: 1, max: 1_000 }), steps, (all, total, drawn) => {
      const room = roomOf(total, all)
      const ledger: { taker: Taker; amount: number }[] = []
      const sumBelow = (...path: readonly string[]) =>
        sumOf(ledger.filter(({ taker }) => path.every((name, at) => taker[at] === name)).map(({ amount }) => amount))
      for (const { path, amount, done } of drawn) {
        const [ended] = ledger.splice(done, 1)
        if (ended !== undefined) room.give(ended.taker, ended.amount)
        const taker = [String(path[0] % all.length), String(path[1]), String(path[2])] as const
        const [namespace, object] = taker
        const asks = (name: string, asker: Taker, { weight, maxShare }: Omit<Tenant, 'demand'>): Asker => ({
          name,
          weight,
          has: sumBelow(...asker),
          most: maxShare * total,
          isServed: room.freeFor(asker) >= amount,
        })
        judge(
          all.map((one, at) => asks(`namespace ${at}`, [String(at)], one)),
          { left: total - sumBelow(), amount },
        )
        const alike = { weight: 1, maxShare: Infinity }
        judge(
          [0, 1, 2].map((at) => asks(`object ${at}`, [namespace, String(at)], alike)),
          { left: room.freeFor([namespace]), amount },
        )
        judge(
          [0, 1, 2].map((at) => asks(`sink ${at}`, [namespace, object, String(at)], alike)),
          { left: room.freeFor([namespace, object]), amount },
        )
        if (room.freeFor(taker) < amount) continue
        room.take(taker, amount)
        ledger.push({ taker, amount })
        assert.equal(room.used, sumBelow())
        assert.ok(sumBelow() < total, 'some is left for who comes next')
      }
      for (const { taker, amount } of ledger) room.give(taker, amount)
      assert.deepEqual([room.used, room.heaviest()], [0, undefined])
    }),
  )
})

/**
 * What each has where all that want more have the same multiple of what is left for their weight: found by halving,
 * without any room.
 */
function fairShares(total: number, all: readonly Tenant[]): { shares: number[]; left: number } {
  const sharesAt = (left: number) =>
    all.map(({ weight, maxShare, demand }) => Math.min(demand, maxShare * total, 4 * weight * left))
  let [low, high] = [0, total]
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2
    if (middle + sumOf(sharesAt(middle)) > total) high = middle
    else low = middle
  }
  return { shares: sharesAt(low), left: low }
}

test('whoever came first and took all it could: once jobs have ended, each has its fair share, and nothing more is left than that', () => {
  fc.assert(
    fc.property(tenants, fc.nat(), (all, seed) => {
      const random = mulberry32(seed)
      const total = 1_000
      const room = roomOf(total, all)
      const has = all.map(() => 0)
      const draw = (count: number) => Math.floor(random() * count)
      const serve = (at: number): boolean => {
        if ((has[at] ?? 0) >= (all[at]?.demand ?? 0) || room.freeFor([String(at)]) < 1) return false
        room.take([String(at)], 1)
        has[at] = (has[at] ?? 0) + 1
        return true
      }
      for (const at of all.keys()) while (serve(at));
      for (let ended = 0; ended < 5 * total; ended++) {
        let nth = draw(sumOf(has))
        const from = has.findIndex((amount) => (nth -= amount) < 0)
        room.give([String(from)], 1)
        has[from] = (has[from] ?? 0) - 1
        const first = draw(all.length)
        for (const at of all.keys()) while (serve((first + at) % all.length));
      }
      const { shares, left } = fairShares(total, all)
      const slack = all.map(({ weight }) => 1 + 4 * weight)
      for (const [at, share] of shares.entries()) {
        const off = Math.abs((has[at] ?? 0) - share)
        assert.ok(
          off <= (slack[at] ?? 0),
          `${has.join(' ')} instead of ${shares.map(Math.round).join(' ')}, ${left} left`,
        )
      }
    }),
    { numRuns: 40 },
  )
})
