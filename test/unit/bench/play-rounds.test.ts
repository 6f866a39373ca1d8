import assert from 'node:assert/strict'
import { test } from 'node:test'

import { playRounds, type Player } from '../../../bench/play-rounds.ts'

test('servers take turns, every other round in reverse, with the same input in one round', async () => {
  const turns: string[] = []
  const player = (name: string): Player<'perSecond', number> => ({
    name,
    play: async (input) => {
      turns.push(`${name}${input}`)
      return { perSecond: input }
    },
  })
  const played = await playRounds(3, (round) => round, [player('a'), player('b')])
  assert.deepEqual(turns, ['a1', 'b1', 'b2', 'a2', 'a3', 'b3'])
  const rounds = [{ perSecond: 1 }, { perSecond: 2 }, { perSecond: 3 }]
  assert.deepEqual(played, [
    { name: 'a', rounds },
    { name: 'b', rounds },
  ])
})
