import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Turns, type Turn, type TurnPath } from '../../../src/fairness/turns.ts'

/** Everybody wants this many jobs, each named for who wants it. */
function add(turns: Turns<string>, count: number, ...paths: readonly TurnPath[]): void {
  for (const path of paths) for (let at = 0; at < count; at++) turns.add(path, path.join('/'))
}

/** Takes so many turns without handing any back. */
function takeAll(turns: Turns<string>, count: number): Turn<string>[] {
  return Array.from({ length: count }, () => turns.take() ?? assert.fail('nobody waits'))
}

const names = (taken: readonly Turn<string>[]) => taken.map(({ job }) => job).join(' ')

/** Serves the next one, who must be this one. */
function serve(turns: Turns<string>, name: string, cost: number): void {
  const [turn] = takeAll(turns, 1) as [Turn<string>]
  assert.equal(turn.job, name)
  turns.done(turn, cost)
}

test('a job that was not begun costs its turn nothing', () => {
  const turns = new Turns<string>()
  for (const name of ['a', 'b']) for (let at = 0; at < 3; at++) turns.add([name], name)
  turns.done(turns.take() as Turn<string>, 1)
  turns.done(turns.take() as Turn<string>, 1)
  turns.done(turns.take() as Turn<string>, 0)
  const next = [turns.take(), turns.take(), turns.take()].map((turn) => turn?.job)
  assert.deepEqual(next, ['b', 'a', 'b'], 'both have had the same')
})

test('what is under way counts as much as the job before it, and one that was not begun does not change that', () => {
  const turns = new Turns<string>()
  add(turns, 9, ['dear'], ['cheap'])
  serve(turns, 'dear', 3)
  serve(turns, 'cheap', 1)
  serve(turns, 'cheap', 0)
  assert.equal(names(takeAll(turns, 7)), 'cheap cheap dear cheap cheap cheap dear')
})

test('only those of the first level have weights, also where others are called like them', () => {
  const turns = new Turns<string>({ weightOf: (name) => (name === 'heavy' ? 2 : 1) })
  add(turns, 6, ['heavy', 'light'], ['heavy', 'heavy'], ['light', 'light'])
  const served = Array.from({ length: 9 }, () => {
    const [turn] = takeAll(turns, 1) as [Turn<string>]
    turns.done(turn, 1)
    return turn.job
  })
  const count = (name: string) => served.filter((job) => job === name).length
  assert.deepEqual(['heavy/light', 'heavy/heavy', 'light/light'].map(count), [3, 3, 3])
})

test('who wanted nothing for a while has not saved that up', () => {
  const turns = new Turns<string>()
  add(turns, 1, ['quiet'])
  add(turns, 9, ['busy'])
  serve(turns, 'quiet', 1)
  for (let at = 0; at < 5; at++) serve(turns, 'busy', 1)
  add(turns, 3, ['quiet'])
  assert.equal(names(takeAll(turns, 4)), 'quiet busy quiet busy')
})

test('who has had more than the others is not rid of that by wanting nothing, and no newcomer takes it away', () => {
  const turns = new Turns<string>()
  add(turns, 1, ['dear'])
  add(turns, 9, ['other'])
  serve(turns, 'dear', 3)
  serve(turns, 'other', 1)
  add(turns, 1, ['newcomer'], ['dear'])
  assert.equal(names(takeAll(turns, 4)), 'newcomer other other dear')
})

test('whose job cost less than it was charged keeps the difference, also when it wants more', () => {
  const turns = new Turns<string>()
  add(turns, 3, ['lucky'])
  add(turns, 9, ['other'])
  serve(turns, 'lucky', 6)
  serve(turns, 'other', 4)
  const taken = takeAll(turns, 3)
  assert.equal(names(taken), 'other lucky other')
  turns.done(taken[1] as Turn<string>, 0.5)
  add(turns, 1, ['newcomer'])
  add(turns, 9, ['lucky'])
  assert.equal(names(takeAll(turns, 5)), 'lucky lucky lucky newcomer lucky')
})

test('nobody is forgotten while something is under way', () => {
  const turns = new Turns<string>()
  add(turns, 1, ['a'], ['b'])
  const [first] = takeAll(turns, 2) as [Turn<string>]
  turns.done(first, 1)
  add(turns, 1, ['a'], ['b'])
  assert.equal(names(takeAll(turns, 2)), 'b a')
})

test('who was served and wants nothing more is forgotten', () => {
  const turns = new Turns<string>()
  for (let at = 0; at < 1_000; at++) {
    turns.add([`tenant-${at}`, 'object'], 'job')
    turns.done(turns.take() as Turn<string>, 1)
  }
  turns.add(['last'], 'job')
  assert.deepEqual(
    turns.take()?.parts.map(({ parent }) => parent.parts.size),
    [1],
  )
})

test('also while others go on: who has had no more than they is forgotten when somebody new comes', () => {
  const turns = new Turns<string>()
  add(turns, 101, ['busy'])
  for (let at = 0; at < 100; at++) {
    add(turns, 1, [`tenant-${at}`])
    for (const turn of takeAll(turns, 2)) turns.done(turn, 1)
  }
  add(turns, 1, ['last'])
  assert.equal(turns.waiting, 2)
  assert.equal(turns.take()?.parts[0]?.parent.parts.size, 2, 'busy and the last one')
})
