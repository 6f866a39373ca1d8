import assert from 'node:assert/strict'
import { test } from 'node:test'

import { chooseBenchmark } from '../../../bench/arguments.ts'
import type { Benchmark } from '../../../bench/benchmark.ts'

const aBenchmark = (name: string, comparesCommits: boolean): Benchmark => ({
  name,
  about: '',
  comparesCommits,
  run: async () => ({ result: {}, text: '' }),
})
const delivery = aBenchmark('delivery', true)
const soak = aBenchmark('soak', false)
const choose = (...args: string[]) => chooseBenchmark(args, [delivery, soak])

test('a name alone runs that benchmark in its usual size', () => {
  const options = { smoke: false, full: false, compare: undefined }
  assert.deepEqual(choose('soak'), { type: 'run', benchmark: soak, options })
})

test('options may stand before the name or after it', () => {
  const options = { smoke: true, full: false, compare: 'v1.2.3' }
  assert.deepEqual(choose('--smoke', 'delivery', '--compare', 'v1.2.3'), { type: 'run', benchmark: delivery, options })
})

test('nothing, or --help, shows the help', () => {
  assert.deepEqual(choose(), { type: 'help' })
  assert.deepEqual(choose('soak', '--help'), { type: 'help' })
})

const mistakes = [
  { args: ['sock'], problem: 'no benchmark is called sock' },
  { args: ['soak', 'delivery'], problem: 'one name at a time' },
  { args: ['soak', '--compare', 'main'], problem: 'soak cannot --compare commits' },
  { args: ['delivery', '--compare='], problem: '--compare takes a commit, not ""' },
  { args: ['delivery', '--compare=--output=x'], problem: '--compare takes a commit, not "--output=x"' },
]
for (const { args, problem } of mistakes) {
  test(`${args.join(' ')}: ${problem}`, () => {
    assert.deepEqual(choose(...args), { type: 'usage', problem })
  })
}

test('an unknown option, or one without its value, is a problem as well', () => {
  for (const args of [
    ['soak', '--fast'],
    ['delivery', '--compare'],
  ]) {
    const chosen = choose(...args)
    assert.equal(chosen.type, 'usage')
  }
})
