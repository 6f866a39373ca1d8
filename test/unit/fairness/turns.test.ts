import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { Turns, type Turn } from '../../../src/fairness/turns.ts'

/**
 * Serves one job after the other until none is left; each costs what it says. Gives the names in the order of their
 * turns.
 */
function serveAll(turns: Turns<{ name: string; cost: number }>): string[] {
  const served: string[] = []
  for (let turn = turns.take(); turn !== undefined; turn = turns.take()) {
    served.push(turn.job.name)
    turns.done(turn, turn.job.cost)
  }
  return served
}

test('those who ask for the same take turns, each in its own order', () => {
  const turns = new Turns<{ name: string; cost: number }>()
  for (const name of ['a1', 'a2', 'a3']) turns.add(['a'], { name, cost: 1 })
  for (const name of ['b1', 'b2']) turns.add(['b'], { name, cost: 1 })
  assert.equal(turns.waiting, 5)
  assert.deepEqual(serveAll(turns), ['a1', 'b1', 'a2', 'b2', 'a3'])
  assert.equal(turns.waiting, 0)
})

test('whoever costs ten times as much has its turn a tenth as often', () => {
  const turns = new Turns<{ name: string; cost: number }>()
  for (let at = 0; at < 30; at++) {
    turns.add(['dear'], { name: 'dear', cost: 10 })
    turns.add(['cheap'], { name: 'cheap', cost: 1 })
  }
  const served = serveAll(turns).slice(0, 33)
  assert.equal(served.filter((name) => name === 'cheap').length, 30)
})

test('a weight of two has twice as much', () => {
  const turns = new Turns<{ name: string; cost: number }>({ weightOf: (name) => (name === 'heavy' ? 2 : 1) })
  for (let at = 0; at < 60; at++) {
    turns.add(['heavy'], { name: 'heavy', cost: 1 })
    turns.add(['light'], { name: 'light', cost: 1 })
  }
  const served = serveAll(turns).slice(0, 60)
  assert.equal(served.filter((name) => name === 'heavy').length, 40)
})

test('many objects and sinks of one namespace have together what one of another has', () => {
  const turns = new Turns<{ name: string; cost: number }>()
  for (let object = 0; object < 10; object++) {
    for (let sink = 0; sink < 10; sink++) turns.add(['many', `o${object}`, `s${sink}`], { name: 'many', cost: 1 })
  }
  for (let at = 0; at < 20; at++) turns.add(['one', 'object', 'sink'], { name: 'one', cost: 1 })
  const served = serveAll(turns).slice(0, 40)
  assert.equal(served.filter((name) => name === 'one').length, 20)
})

test('whoever comes after others were served for long is next, and no more than that', () => {
  const turns = new Turns<{ name: string; cost: number }>()
  for (let at = 0; at < 100; at++) turns.add(['old'], { name: 'old', cost: 1 })
  for (let at = 0; at < 50; at++) turns.done(turns.take() as Turn<{ name: string; cost: number }>, 1)
  for (let at = 0; at < 10; at++) turns.add(['new'], { name: 'new', cost: 1 })
  const served = serveAll(turns).slice(0, 10)
  assert.ok(served.slice(0, 2).includes('new'))
  assert.equal(served.filter((name) => name === 'new').length, 5, 'what it did not want before is not made up for')
})

interface Step {
  type: 'add' | 'take' | 'done'
  name: string
  cost: number
}

const step = fc.record<Step>({
  type: fc.constantFrom('add', 'add', 'take', 'done'),
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  cost: fc.integer({ min: 1, max: 100 }),
})

test('for any demand, nothing is idle while anything waits, nothing is lost, and each has its jobs in order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 3 }), (steps, servers) => {
      const turns = new Turns<{ name: string; at: number }>()
      const waiting = new Map<string, number[]>()
      const running: Turn<{ name: string; at: number }>[] = []
      for (const [at, { type, name, cost }] of steps.entries()) {
        if (type === 'add') {
          turns.add([name, 'object'], { name, at })
          waiting.set(name, [...(waiting.get(name) ?? []), at])
        } else if (type === 'done') {
          const turn = running.shift()
          if (turn !== undefined) turns.done(turn, cost)
        } else if (running.length < servers) {
          const turn = turns.take()
          const left = [...waiting.values()].flat().length
          assert.equal(turn === undefined, left === 0)
          if (turn === undefined) continue
          assert.equal(waiting.get(turn.job.name)?.shift(), turn.job.at)
          running.push(turn)
        }
        assert.equal(turns.waiting, [...waiting.values()].flat().length)
      }
    }),
  )
})

const costs = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 20, maxLength: 20 })
/** Objects are called like tenants: only these have weights. */
const anyTenants = fc.array(
  fc.record({ weight: fc.integer({ min: 1, max: 4 }), objects: fc.array(costs, { minLength: 1, maxLength: 3 }) }),
  { minLength: 2, maxLength: 5 },
)

test('of those who always want more, nobody who has had less for its weight waits while one who has had more is served', () => {
  fc.assert(
    fc.property(anyTenants, (tenants) => {
      const turns = new Turns<{ path: [number, number]; cost: number }>({
        weightOf: (name) => tenants[Number(name)]?.weight ?? 1,
      })
      const had = tenants.map(({ objects }) => objects.map(() => 0))
      const left = tenants.map(({ objects }) => objects.map((own) => own.length))
      for (const [tenant, { objects }] of tenants.entries()) {
        for (const [object, own] of objects.entries()) {
          for (const cost of own) turns.add([String(tenant), String(object)], { path: [tenant, object], cost })
        }
      }
      const hadFor = (tenant: number) =>
        (had[tenant] ?? []).reduce((sum, amount) => sum + amount, 0) / (tenants[tenant]?.weight ?? 1)
      while (left.flat().every((count) => count > 0)) {
        const turn = turns.take() as Turn<{ path: [number, number]; cost: number }>
        const { path, cost } = turn.job
        const [tenant, object] = path
        const [hadObjects, leftObjects] = [had[tenant] ?? [], left[tenant] ?? []]
        const least = Math.min(...tenants.keys().map(hadFor))
        assert.ok(hadFor(tenant) <= least + 1e-9, `tenant ${tenant} has had more than ${least}, and is served`)
        assert.equal(
          hadObjects[object],
          Math.min(...hadObjects),
          `object ${object} of ${hadObjects.join(' ')} is served`,
        )
        turns.done(turn, cost)
        hadObjects[object] = (hadObjects[object] ?? 0) + cost
        leftObjects[object] = (leftObjects[object] ?? 0) - 1
      }
    }),
  )
})

test('with several servers, two who always want more are never further apart than what is under way and one job each', () => {
  const cost = fc.integer({ min: 1, max: 50 })
  const given = fc.tuple(fc.array(cost, { minLength: 200, maxLength: 200 }), fc.integer({ min: 1, max: 4 }), fc.nat())
  fc.assert(
    fc.property(given, ([costs, servers, seed]) => {
      const turns = new Turns<{ name: string; cost: number }>()
      for (const [at, one] of costs.entries())
        turns.add([at % 2 === 0 ? 'a' : 'b'], { name: at % 2 === 0 ? 'a' : 'b', cost: one })
      const had = { a: 0, b: 0 }
      const running: Turn<{ name: string; cost: number }>[] = []
      for (let at = 0; at < 90; at++) {
        while (running.length < servers) running.push(turns.take() as Turn<{ name: string; cost: number }>)
        const [turn] = running.splice((seed + at) % running.length, 1)
        if (turn === undefined) throw new Error('nothing is under way')
        turns.done(turn, turn.job.cost)
        had[turn.job.name as 'a' | 'b'] += turn.job.cost
        assert.ok(Math.abs(had.a - had.b) <= (servers + 1) * 100, `${had.a} and ${had.b}`)
      }
    }),
  )
})

test('whoever wants little never waits behind the backlog of another', () => {
  fc.assert(
    fc.property(costs, (own) => {
      const turns = new Turns<string>()
      for (let at = 0; at < 200; at++) turns.add(['greedy', `object-${at % 7}`], 'greedy')
      for (const cost of own) {
        turns.done(turns.take() as Turn<string>, cost)
        turns.add(['modest', 'object'], 'modest')
        const served: string[] = []
        while (!served.includes('modest')) {
          const turn = turns.take() as Turn<string>
          served.push(turn.job)
          turns.done(turn, turn.job === 'modest' ? 1 : 100)
        }
        assert.ok(served.length <= 2, `${served.length - 1} jobs of the other were served first`)
      }
    }),
  )
})
