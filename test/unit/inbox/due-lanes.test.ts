import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import * as fc from 'fast-check'

import { DueLanes } from '../../../src/inbox/due-lanes.ts'
import type { ClaimExcept } from '../../../src/inbox/port.ts'

interface Lane {
  key: string
  namespace: string
  ownerUid: string
  /** When each of its deliveries falls due, in order. */
  dueMs: number[]
  /** Of each of their bodies. */
  bytes?: number
}

function aLane(name: string, dueMs: number[]): Lane {
  const [namespace = '', ownerUid = ''] = name.split('/')
  return { key: name, namespace, ownerUid, dueMs }
}

function aScene(lanes: readonly Lane[]) {
  let looks = 0
  const due = new DueLanes<Lane>({
    headMs: ({ dueMs }) => {
      looks += 1
      return dueMs[0]
    },
    weightOf: () => 1,
  })
  for (const lane of lanes) if (lane.dueMs[0] !== undefined) due.note(lane, lane.dueMs[0])
  const claim = (
    limit: number,
    nowMs: number,
    except?: ClaimExcept,
    maxBytes?: number,
    limitByLane?: ReadonlyMap<string, number>,
  ) => {
    const taken: string[] = []
    due.claim({ limit, nowMs, except, maxBytes, limitByLane }, (lane) => {
      if ((lane.dueMs[0] ?? Infinity) > nowMs) return 'none'
      lane.dueMs.shift()
      taken.push(lane.key)
      return { bytes: lane.bytes ?? 0, hasMore: (lane.dueMs[0] ?? Infinity) <= nowMs }
    })
    return taken
  }
  return { due, claim, looks: () => looks }
}

describe('due lanes', () => {
  it('wait for their time, and come oldest first where nothing else decides', () => {
    const { claim } = aScene([aLane('a/1/x', [20]), aLane('b/1/x', [10]), aLane('c/1/x', [30])])
    assert.deepEqual(claim(9, 9), [])
    assert.deepEqual(claim(9, 20), ['b/1/x', 'a/1/x'])
    assert.deepEqual(claim(9, 30), ['c/1/x'])
    assert.deepEqual(claim(9, 99), [])
  })

  it('are bounded in bytes: with what reaches the bound the claim ends, and one is taken in any case', () => {
    const { claim } = aScene([{ ...aLane('a/1/x', Array(9).fill(1) as number[]), bytes: 100 }])
    assert.equal(claim(9, 1, undefined, 250).length, 3)
    assert.equal(claim(9, 1, undefined, 1).length, 1)
    assert.equal(claim(9, 1).length, 5)
  })

  it('may have limits of their own: what is left is due with the next claim', () => {
    const { due, claim } = aScene([aLane('a/1/x', [1, 1, 1, 1]), aLane('b/1/x', [1, 1, 1])])
    const limitByLane = new Map([['a/1/x', 2]])
    assert.deepEqual(claim(9, 1, undefined, undefined, limitByLane).toSorted(), [
      ...Array<string>(2).fill('a/1/x'),
      ...Array<string>(3).fill('b/1/x'),
    ])
    assert.equal(due.next()?.key, 'a/1/x')
    assert.deepEqual(claim(9, 1, undefined, undefined, limitByLane), ['a/1/x', 'a/1/x'])
    assert.deepEqual(claim(9, 1, undefined, undefined, limitByLane), [])
  })

  it('take turns by what their bodies cost: one that has large ones gets fewer, and none waits for them', () => {
    const large = { ...aLane('large/1/x', Array(99).fill(1) as number[]), bytes: 256 * 1_024 }
    const { claim } = aScene([large, aLane('small/1/x', Array(99).fill(1) as number[])])
    const taken = claim(50, 1, undefined, 2 ** 20)
    assert.deepEqual(
      Object.fromEntries(Object.entries(Object.groupBy(taken, (key) => key)).map(([key, all]) => [key, all?.length])),
      {
        'large/1/x': 1,
        'small/1/x': 49,
      },
    )
  })

  it('of one namespace, however many, delay another by one delivery, and are not all looked at', () => {
    const crowd = Array.from({ length: 5_000 }, (_, at) =>
      aLane(`crowd/${at % 50}/${at}`, Array(20).fill(1) as number[]),
    )
    const { due, claim, looks } = aScene(crowd)
    assert.equal(claim(64, 1).length, 64)
    const before = looks()
    const late = aLane('late/1/x', [2])
    due.note(late, 2)
    assert.deepEqual(
      claim(2, 2).map((key) => key.slice(0, 5)),
      ['late/', 'crowd'],
    )
    assert.ok(looks() - before < 10, `${looks() - before} looks`)
  })

  it('are left out by name, and are back in their turn afterwards', () => {
    const { claim } = aScene([aLane('a/1/x', [1, 1]), aLane('a/2/x', [1]), aLane('b/3/x', [1])])
    assert.deepEqual(claim(9, 1, { lanes: new Set(['a/1/x']), owners: new Set(['2']), namespaces: new Set(['b']) }), [])
    assert.deepEqual(claim(9, 1, { lanes: new Set(['a/1/x']) }).toSorted(), ['a/2/x', 'b/3/x'])
    assert.deepEqual(claim(9, 1), ['a/1/x', 'a/1/x'])
  })

  it('tell which falls due first, due or not, whatever has changed since', () => {
    const [early, middle, late] = [aLane('a/1/x', [5, 40]), aLane('b/1/x', [20]), aLane('c/1/x', [30])]
    const { due, claim } = aScene([early, middle, late])
    assert.equal(due.next(), early)
    assert.equal(claim(1, 5).length, 1)
    assert.equal(due.next(), middle)
    middle.dueMs = [] // it ended otherwise
    assert.equal(due.next(), late)
    due.note(early, 10)
    early.dueMs = [10, 40]
    assert.equal(due.next(), early)
    assert.deepEqual(claim(9, 50), ['c/1/x', 'a/1/x', 'a/1/x'])
    assert.equal(due.next(), undefined)
  })

  it('give all that is due and not left out, each once, with a namespace never two ahead of one that waits', () => {
    const lane = fc.record({
      namespace: fc.constantFrom('a', 'b', 'c'),
      owner: fc.constantFrom('1', '2'),
      sink: fc.constantFrom('x', 'y'),
      dueMs: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 6 }),
    })
    fc.assert(
      fc.property(fc.array(lane), fc.constantFrom('a', 'none'), (given, left) => {
        const lanes = given.map(({ namespace, owner, sink, dueMs }, at) =>
          aLane(
            `${namespace}/${namespace}${owner}/${sink}${at}`,
            dueMs.toSorted((a, b) => a - b),
          ),
        )
        const want = (namespace: string, nowMs: number) =>
          lanes.filter((l) => l.namespace === namespace).flatMap(({ dueMs }) => dueMs.filter((at) => at <= nowMs))
            .length
        const nowMs = 5
        const wanted = Object.fromEntries(['a', 'b', 'c'].map((n) => [n, n === left ? 0 : want(n, nowMs)]))
        const { claim } = aScene(lanes)
        const taken = claim(1_000, nowMs, { lanes: new Set(), namespaces: new Set([left]) }).map((key) => key[0] ?? '')
        const count = (namespace: string, upTo = taken.length) =>
          taken.slice(0, upTo).filter((n) => n === namespace).length
        for (const [namespace, number] of Object.entries(wanted)) assert.equal(count(namespace), number)
        for (const at of taken.keys()) {
          const counts = Object.keys(wanted)
            .filter((n) => count(n, at) < (wanted[n] ?? 0))
            .map((n) => count(n, at))
          if (counts.length > 1) assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, taken.join(''))
        }
        const leftOut = left === 'a' ? want('a', nowMs) : 0
        assert.equal(claim(1_000, nowMs).length, leftOut)
      }),
    )
  })
})
