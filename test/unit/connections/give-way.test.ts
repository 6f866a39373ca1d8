import assert from 'node:assert/strict'
import { test } from 'node:test'

import { whoGivesWay } from '../../../src/connections/give-way.ts'

interface Named {
  name: string
  isAnswering: boolean
}

/** A line, the longest waiting first; a name in capitals is being answered. */
function line(...names: string[]): Set<Named> {
  return new Set(names.map((name) => ({ name, isAnswering: name === name.toUpperCase() })))
}

interface Case {
  name: string
  strangers?: string[]
  proven?: Record<string, string[]>
  proxies?: string[]
  bound: number
  want: string | undefined
}

const cases: Case[] = [
  { name: 'the stranger that has waited longest', strangers: ['a', 'b', 'c'], bound: 3, want: 'a' },
  { name: 'never one that is being answered', strangers: ['A', 'b'], bound: 2, want: 'b' },
  { name: 'nobody where all are being answered', strangers: ['A'], proven: { x: ['B'] }, bound: 2, want: undefined },
  { name: 'a stranger before who has delivered', strangers: ['s'], proven: { x: ['a', 'b'] }, bound: 4, want: 's' },
  {
    name: 'above three quarters, the longest waiting of the namespace that has most',
    strangers: ['s'],
    proven: { few: ['f'], most: ['m1', 'm2'] },
    bound: 4,
    want: 's',
  },
  {
    name: 'above three quarters, the longest waiting of the namespace that has most: one more',
    strangers: ['s'],
    proven: { few: ['f'], most: ['M0', 'm1', 'm2'] },
    bound: 5,
    want: 'm1',
  },
  {
    name: 'the next namespace where all of the largest are being answered',
    proven: { few: ['f'], most: ['M1', 'M2'] },
    bound: 3,
    want: 'f',
  },
  {
    name: 'a proxy after everybody else with standing',
    proven: { x: ['a'] },
    proxies: ['p1', 'p2', 'p3'],
    bound: 4,
    want: 'a',
  },
  { name: 'a proxy where there is nobody else', proxies: ['p1', 'p2'], bound: 2, want: 'p1' },
  {
    name: 'a stranger after all where those with standing are being answered',
    strangers: ['s'],
    proven: { x: ['A', 'B', 'C', 'D'] },
    bound: 4,
    want: 's',
  },
]

for (const { name, strangers = [], proven = {}, proxies = [], bound, want } of cases) {
  test(`room is made by ${name}`, () => {
    const open = {
      strangers: line(...strangers),
      proven: new Map(Object.entries(proven).map(([namespace, names]) => [namespace, line(...names)])),
      proxies: line(...proxies),
    }
    assert.equal(whoGivesWay(open, bound)?.name, want)
  })
}
