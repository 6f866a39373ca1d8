import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { FairLine, type LineBounds } from '../../../src/kubernetes/fair-line.ts'
import type { Rank } from '../../../src/kubernetes/fair-party.ts'

const placeOf = (key: string) => {
  const [party = '', group = ''] = key.split('/')
  return { party, group }
}

function aLine(bounds: Partial<LineBounds> = {}) {
  const line = new FairLine({ workers: 1, begun: 500, ...bounds })
  const add = (key: string, rank: Rank = 'usual') => line.add(key, placeOf(key), rank, 0)
  return { line, add }
}

/** Everything in the order in which it is begun, each ended before the next. */
function drain(line: FairLine, most = Infinity): string[] {
  const keys: string[] = []
  while (keys.length < most) {
    const turn = line.next()
    if (turn === undefined) break
    keys.push(turn.key)
    line.end(turn.key)
  }
  return keys
}

test('parties take turns, however many keys one of them has', () => {
  const { line, add } = aLine()
  for (let index = 0; index < 700; index++) add(`many/key/${index}`)
  for (const key of ['few/key/a', 'few/key/b']) add(key)
  assert.deepEqual(drain(line, 5), ['many/key/0', 'few/key/a', 'many/key/1', 'few/key/b', 'many/key/2'])
})

test('who comes and goes earns no turns: it stands behind those that wait', () => {
  const { line, add } = aLine()
  add('patient/key/a')
  add('patient/key/b')
  add('restless/key/0')
  const seen: string[] = []
  for (let index = 1; index <= 3; index++) {
    const [key = ''] = drain(line, 1)
    seen.push(key)
    if (key.startsWith('restless')) add(`restless/key/${index}`)
  }
  assert.deepEqual(seen, ['patient/key/a', 'restless/key/0', 'patient/key/b'])
})

test('the groups of a party take turns within its share', () => {
  const { line, add } = aLine()
  for (const key of ['ns/one/a', 'ns/one/b', 'ns/one/c', 'ns/two/a']) add(key)
  assert.deepEqual(drain(line), ['ns/one/a', 'ns/two/a', 'ns/one/b', 'ns/one/c'])
})

test('what is urgent goes first within its party and not before another one', () => {
  const { line, add } = aLine()
  for (const key of ['a/key/1', 'a/key/2', 'b/key/1']) add(key)
  add('a/key/urgent', 'urgent')
  assert.deepEqual(drain(line), ['a/key/urgent', 'b/key/1', 'a/key/1', 'a/key/2'])
})

test('a crowd of urgent ones keeps nobody waiting for ever: every eighth turn is for the others', () => {
  const { line, add } = aLine()
  add('a/key/behind', 'behind')
  add('a/key/usual')
  for (let index = 0; index < 30; index++) add(`a/key/urgent-${index}`, 'urgent')
  const order = drain(line)
  assert.equal(order.indexOf('a/key/behind'), 7, 'both are overdue, and it has the last word')
  assert.equal(order.indexOf('a/key/usual'), 8)
})

test('a party without any in work need not wait for what others have in work', () => {
  const { line, add } = aLine({ workers: 2 })
  for (const key of ['many/key/a', 'many/key/b', 'many/key/c']) add(key)
  assert.deepEqual([line.next()?.key, line.next()?.key, line.next()?.key], ['many/key/a', 'many/key/b', undefined])
  for (const key of ['one/key/a', 'one/key/b', 'two/key/a', 'three/key/a']) add(key)
  assert.deepEqual([line.next()?.key, line.next()?.key], ['one/key/a', 'two/key/a'])
  assert.equal(line.next(), undefined, 'twice as many is the end')
})

test('what comes back is finished before anything usual is begun, and after what is urgent', () => {
  const { line, add } = aLine()
  add('a/key/begun')
  assert.equal(line.next()?.key, 'a/key/begun')
  assert.equal(line.suspend('a/key/begun'), true)
  assert.equal(line.suspend('a/key/begun'), false, 'it has no place to give a second time')
  add('a/key/new')
  line.requeue('a/key/begun')
  add('a/key/urgent', 'urgent')
  assert.deepEqual(drain(line), ['a/key/urgent', 'a/key/begun', 'a/key/new'])
})

test('a crowd of urgent ones does not keep what comes back waiting for ever', () => {
  const { line, add } = aLine()
  add('a/key/begun')
  line.next()
  line.suspend('a/key/begun')
  line.requeue('a/key/begun')
  for (let index = 0; index < 30; index++) add(`a/key/urgent-${index}`, 'urgent')
  assert.equal(drain(line).indexOf('a/key/begun'), 7)
})

test('those suspended of one key hold up neither another key of the namespace nor another namespace', () => {
  const { line, add } = aLine({ workers: 4, begun: 10 })
  for (let index = 0; index < 50; index++) add(`many/one/${index}`)
  for (let turn = line.next(); turn !== undefined; turn = line.next()) line.suspend(turn.key)
  assert.equal(line.begun, 10)
  add('many/two/a')
  assert.equal(line.next()?.key, 'many/two/a')
  add('other/one/a')
  assert.equal(line.next()?.key, 'other/one/a')
  assert.equal(line.next(), undefined, 'the rest of the crowd waits in line')
})

test('a line that was emptied goes on with what is begun', () => {
  const { line, add } = aLine()
  add('a/key/1')
  add('a/key/2')
  assert.equal(line.next()?.key, 'a/key/1')
  line.clear()
  assert.equal(line.waiting, 0)
  line.suspend('a/key/1')
  line.requeue('a/key/1')
  assert.deepEqual(line.next(), { key: 'a/key/1', isNew: false, rank: 'usual', sinceMs: 0 })
  line.end('a/key/1')
  line.end('a/key/1')
  assert.equal(line.begun, 0)
})

/**
 * What the line does, looked at from outside: who has how many in work, who wants a turn, and when each had its last.
 */
class Witness {
  readonly wanting = new Map<string, Set<string>>()
  readonly working = new Map<string, Set<string>>()
  readonly lastTurn = new Map<string, number>()

  move(key: string, from: Map<string, Set<string>> | undefined, to?: Map<string, Set<string>>): void {
    const { party } = placeOf(key)
    from?.get(party)?.delete(key)
    if (to !== undefined) to.set(party, (to.get(party) ?? new Set()).add(key))
  }

  workingOf(party: string): number {
    return this.working.get(party)?.size ?? 0
  }

  parties(): string[] {
    return [...this.wanting].filter(([, keys]) => keys.size > 0).map(([party]) => party)
  }

  total(): number {
    return [...this.working.values()].reduce((sum, keys) => sum + keys.size, 0)
  }
}

const parties = ['a', 'b', 'c', 'd']
const anAct = fc.record({
  act: fc.constantFrom('add', 'add', 'add', 'end', 'suspended', 'back'),
  party: fc.constantFrom(...parties),
  group: fc.constantFrom('one', 'two'),
  rank: fc.constantFrom<Rank>('urgent', 'usual', 'behind'),
  pick: fc.nat(50),
})

test('for any namespaces, keys and demands: nobody below its share waits while somebody above it is served, and nothing is idle', () => {
  fc.assert(
    fc.property(fc.array(anAct, { maxLength: 120 }), fc.integer({ min: 1, max: 5 }), (acts, workers) => {
      const line = new FairLine({ workers, begun: 500 })
      const seen = new Witness()
      const asides: string[] = []
      let turns = 0
      const serve = () => {
        for (let turn = line.next(); turn !== undefined; turn = line.next()) {
          const { party } = placeOf(turn.key)
          const inWork = seen.workingOf(party)
          for (const other of seen.parties()) {
            const fewer = seen.workingOf(other) < inWork
            assert.ok(!fewer, `${party} has ${inWork} in work and was served before ${other}, which has fewer`)
            const [mine, theirs] = [party, other].map((each) => seen.lastTurn.get(each) ?? 0)
            const isEqual = seen.workingOf(other) === inWork
            assert.ok(!isEqual || (mine ?? 0) <= (theirs ?? 0), `${party} was served again before ${other}`)
          }
          seen.move(turn.key, seen.wanting, seen.working)
          seen.lastTurn.set(party, (turns += 1))
        }
        const isIdle = seen
          .parties()
          .find((party) => seen.total() < workers || (seen.workingOf(party) === 0 && seen.total() < 2 * workers))
        assert.equal(isIdle, undefined, 'somebody waits although there is a place')
        assert.ok(seen.total() <= 2 * workers)
      }
      for (const [index, { act, party, group, rank, pick }] of acts.entries()) {
        const inWork = [...seen.working.values()].flatMap((keys) => Array.from(keys))
        const chosen = inWork[pick % Math.max(inWork.length, 1)]
        if (act === 'add') {
          const key = `${party}/${group}/${index}`
          // Whoever comes anew is as if it had just had its turn.
          if (
            (seen.wanting.get(party)?.size ?? 0) + seen.workingOf(party) === 0 &&
            !asides.some((each) => each.startsWith(party))
          )
            seen.lastTurn.set(party, turns)
          line.add(key, { party, group }, rank, 0)
          seen.move(key, undefined, seen.wanting)
        } else if (act === 'back') {
          const key = asides.shift()
          if (key !== undefined) {
            line.requeue(key)
            seen.move(key, undefined, seen.wanting)
          }
        } else if (chosen !== undefined) {
          if (act === 'end') line.end(chosen)
          else {
            line.suspend(chosen)
            asides.push(chosen)
          }
          seen.move(chosen, seen.working)
        }
        serve()
      }
    }),
    { numRuns: 300 },
  )
})

test('whatever happens, every key that was added is begun once, and none is lost', () => {
  fc.assert(
    fc.property(fc.array(anAct, { maxLength: 80 }), (acts) => {
      const { line, add } = aLine({ workers: 2 })
      const added = new Set<string>()
      const begun: string[] = []
      for (const { act, party, group, rank, pick } of acts) {
        const key = `${party}/${group}/${pick}`
        if (act === 'add' && !line.isBegun(key) && !begun.includes(key)) {
          add(key, rank)
          added.add(key)
        } else if (act === 'end') {
          const turn = line.next()
          if (turn !== undefined) begun.push(turn.key)
          if (turn !== undefined) line.end(turn.key)
        }
      }
      begun.push(...drain(line))
      assert.deepEqual(begun.toSorted(), [...added].toSorted())
    }),
  )
})
