import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import type { ChainLink } from '../../../src/contract/page/webhook-detail.ts'
import { brokenAxis } from '../../../src/page/parts/broken-axis.ts'
import { pictureOf } from '../../../src/page/parts/chain-groups.ts'
import { movedTo, rowWindow } from '../../../src/page/parts/row-window.ts'

const link = (name: string, state: ChainLink['state'], branch?: ChainLink['branch']): ChainLink => ({
  name,
  state,
  says: `${name} says`,
  ...(branch !== undefined && { branch }),
})

test('links that a person sees as one are one box, and its worst link speaks for it', () => {
  const chain = [
    link('API key', 'Good'),
    link('registration', 'Good'),
    link('signing secret', 'Good'),
    link('in sync', 'Broken'),
    link('enabled', 'Open'),
    link('DNS', 'Good'),
    link('TLS', 'Open'),
    link('sink worker', 'Good', 'sink'),
    link('spec', 'Broken', 'beside'),
  ]
  const { line, branches } = pictureOf(chain, 3)
  assert.deepEqual(
    line.map(({ title, state, says, isFirstBroken }) => [title, state, says, isFirstBroken]),
    [
      ['API key', 'Good', 'API key says', false],
      ['Registered', 'Broken', 'in sync says', true],
      ['Signing secret', 'Good', 'signing secret says', false],
      ['DNS, TLS, route', 'Open', 'TLS says', false],
    ],
  )
  assert.deepEqual(
    branches.map(({ title, state }) => [title, state]),
    [
      ['Sink worker', 'Good'],
      ['Spec', 'Broken'],
    ],
  )
})

test("the links of a route's webhook are one box, and the worst of them speaks for it", () => {
  const chain = [
    link('webhook: API key', 'Good'),
    link('webhook: DNS', 'Broken'),
    link('webhook: enabled', 'Open'),
    link('controller', 'Good'),
    link('consent', 'Good'),
    link('sink worker', 'Good', 'sink'),
  ]
  const { line } = pictureOf(chain, 1)
  assert.deepEqual(
    line.map(({ title, state, says, isFirstBroken }) => [title, state, says, isFirstBroken]),
    [
      ['Webhook', 'Broken', 'webhook: DNS says', true],
      ['Controller', 'Good', 'controller says', false],
      ['Consent', 'Good', 'consent says', false],
    ],
  )
})

test('the first broken link is marked whichever box it is in, and only it', () => {
  const names = ['controller', 'registration', 'in sync', 'enabled', 'DNS', 'route', 'endpoint proven', 'deliveries']
  const states = fc.array(fc.constantFrom('Good', 'Broken', 'Open'), {
    minLength: names.length,
    maxLength: names.length,
  })
  fc.assert(
    fc.property(states, (drawn) => {
      const chain = names.map((name, at) => link(name, drawn[at] ?? 'Good'))
      const first = chain.findIndex(({ state }) => state === 'Broken')
      const { line } = pictureOf(chain, first === -1 ? undefined : first)
      assert.equal(line.filter(({ isFirstBroken }) => isFirstBroken).length, first === -1 ? 0 : 1)
    }),
  )
})

test('on the axis of a delivery every step lies within it, in order, and hours do not hide milliseconds', () => {
  const stretch = fc.tuple(fc.integer({ min: 0, max: 10 ** 9 }), fc.integer({ min: 0, max: 10 ** 7 }))
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 1, maxLength: 40 }), (drawn) => {
      const stretches = drawn.map(([fromMs, ms]) => ({ fromMs, untilMs: fromMs + ms }))
      const place = brokenAxis(stretches)
      for (const each of stretches) {
        const { left, width } = place(each)
        assert.ok(left >= 0 && width >= 0 && left + width <= 100.000_001, `${left} ${width}`)
        for (const other of stretches) assert.ok(other.fromMs < each.fromMs || place(other).left >= left)
      }
    }),
  )
  const hours = { fromMs: 4 * 3_600_000, untilMs: 4 * 3_600_000 + 2 }
  const place = brokenAxis([{ fromMs: 0, untilMs: 3 }, hours])
  assert.ok(place({ fromMs: 0, untilMs: 3 }).width > 5, 'three milliseconds beside four hours can be seen')
})

test('of a long list the rows in view are drawn, a few more, and never one that is not there', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.nat(2_000), fc.nat(10_000), (scrollTop, height, count) => {
      const { from, until } = rowWindow({ scrollTop, height, rowHeight: 40, count })
      assert.ok(from >= 0 && until <= count && until - from <= height / 40 + 18)
      const seen = Math.min(count - 1, Math.floor(scrollTop / 40))
      if (scrollTop < count * 40) assert.ok(from <= seen && seen < until, 'the first row in view is drawn')
    }),
  )
})

test('keys move within a list and stop at its ends', () => {
  const moves = [
    ['ArrowDown', -1, 0],
    ['ArrowDown', 9, 9],
    ['ArrowUp', 0, 0],
    ['ArrowUp', 5, 4],
    ['PageDown', 2, 7],
    ['PageUp', 2, 0],
    ['Home', 7, 0],
    ['End', 0, 9],
    ['x', 3, undefined],
  ] as const
  for (const [key, from, to] of moves) assert.equal(movedTo(key, from, 10, 5), to, `${key} from ${from}`)
  assert.equal(movedTo('ArrowDown', -1, 0, 5), undefined, 'an empty list has nowhere to go')
})
