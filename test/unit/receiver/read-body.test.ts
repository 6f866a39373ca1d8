import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { BodyBudget } from '../../../src/receiver/body-budget.ts'
import { readBody, type BodyRead } from '../../../src/receiver/read-body.ts'

const maxBytes = 1_000

function read(source: Readable, budget: BodyBudget, limit = maxBytes): Promise<BodyRead> {
  return new Promise((resolve, reject) => {
    let calls = 0
    readBody(source, { maxBytes: limit, budget }, (result) => {
      if (++calls > 1) reject(new Error('called back twice'))
      else resolve(result)
    })
  })
}

test('whatever the pieces, the body is the same bytes, and the budget holds just them', async () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(pieces, async (chunks) => {
      const budget = new BodyBudget(maxBytes)
      const result = await read(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), budget)
      const whole = Buffer.concat(chunks)
      assert.ok(result.type === 'read')
      assert.deepEqual(Buffer.from(result.body), whole)
      assert.equal(budget.heldBytes, whole.length)
    }),
  )
})

test('a body in single bytes takes memory like a body, not like a list of chunks', async () => {
  const bytes = 200_000
  const single = Readable.from(
    (function* () {
      for (let sent = 0; sent < bytes; sent++) yield Buffer.from([sent & 0xff])
    })(),
  )
  const result = await read(single, new BodyBudget(bytes), bytes)
  assert.ok(result.type === 'read')
  assert.equal(result.body.length, bytes)
  assert.ok(result.body.buffer.byteLength <= 2 * bytes + 2)
})

const failing: { name: string; source: () => Readable; budgetBytes: number; want: BodyRead['type'] }[] = [
  {
    name: 'grows beyond the limit',
    source: () => Readable.from([Buffer.alloc(600), Buffer.alloc(600)]),
    budgetBytes: 9_999,
    want: 'tooLarge',
  },
  {
    name: 'does not fit the budget',
    source: () => Readable.from([Buffer.alloc(600), Buffer.alloc(300)]),
    budgetBytes: 800,
    want: 'overloaded',
  },
  {
    name: 'is cut off',
    source: () => {
      const source = new Readable({ read() {} })
      source.push(Buffer.alloc(10))
      setImmediate(() => source.destroy(new Error('reset')))
      return source
    },
    budgetBytes: 9_999,
    want: 'aborted',
  },
]
for (const { name, source, budgetBytes, want } of failing) {
  test(`a body that ${name} ends once and gives its bytes back`, async () => {
    const budget = new BodyBudget(budgetBytes)
    assert.equal((await read(source(), budget)).type, want)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(budget.heldBytes, 0)
  })
}
