import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createLookup, orderAddresses, type LookupOptions } from '../../../src/names/lookup-function.ts'

const both = [
  { address: 'fd00::1', family: 6 },
  { address: '10.0.0.1', family: 4 },
]
const lookup = createLookup({ resolve: () => Promise.resolve(both) })

function ask(hostname: string, options: LookupOptions | number): Promise<unknown[]> {
  return new Promise((resolve) => lookup(hostname, options, (...answer) => resolve(answer)))
}

test('all addresses, or the first of the family that is wanted', async () => {
  const [error, all] = await ask('worker', { all: true })
  assert.equal(error, null)
  assert.deepEqual(new Set(all as object[]), new Set(both))
  assert.deepEqual(await ask('worker', { family: 6 }), [null, 'fd00::1', 6])
  assert.deepEqual(await ask('worker', 4), [null, '10.0.0.1', 4])
  assert.deepEqual(await ask('worker', { family: 'IPv6' }), [null, 'fd00::1', 6])
})

test('without options too, and an address is its own answer', async () => {
  const answer = await new Promise((resolve) => lookup('worker', (...given) => resolve(given)))
  assert.equal((answer as unknown[])[0], null)
  assert.deepEqual(await ask('::1', { all: true }), [null, [{ address: '::1', family: 6 }]])
})

test('no address of the family that is wanted is no such name', async () => {
  const onlyFour = createLookup({ resolve: () => Promise.resolve(both.slice(1)) })
  const error = await new Promise((resolve) => onlyFour('worker', { family: 6 }, resolve))
  assert.equal((error as NodeJS.ErrnoException).code, 'ENOTFOUND')
})

test('the family that this machine has comes first', () => {
  assert.deepEqual(
    orderAddresses(both, true).map(({ family }) => family),
    [4, 6],
  )
  assert.deepEqual(
    orderAddresses(both, false).map(({ family }) => family),
    [6, 4],
  )
})
