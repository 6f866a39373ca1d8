import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { equalQuotas } from '../../../src/fairness/quotas.ts'
import { BodyBudget } from '../../../src/receiver/body-budget.ts'
import { readBody, type BodyRead } from '../../../src/receiver/read-body.ts'

const maxBytes = 1_000
const owner = { namespace: 'ml', uid: 'uid-1' }

function aBudget(bytes: number, largestBodyBytes = bytes): BodyBudget {
  return new BodyBudget({ maxBytes: bytes, largestBodyBytes, quotas: equalQuotas })
}

function read(source: Readable, budget: BodyBudget, limit = maxBytes): Promise<BodyRead> {
  return new Promise((resolve, reject) => {
    let calls = 0
    readBody(source, { maxBytes: limit, budget: budget.of(owner) }, (result) => {
      if (++calls > 1) reject(new Error('called back twice'))
      else resolve(result)
    })
  })
}

test('whatever the pieces, the body is the same bytes, and the budget holds just them', async () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(pieces, async (chunks) => {
      const budget = aBudget(maxBytes)
      const result = await read(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), budget)
      const whole = Buffer.concat(chunks)
      assert.ok(result.type === 'read')
      assert.deepEqual(Buffer.from(result.body), whole)
      assert.equal(budget.heldBytes, whole.length)
    }),
  )
})

test('a body in small pieces takes memory like a body, not like a list of chunks', async () => {
  const bytes = 200_000
  const pieces = Readable.from(
    (function* () {
      for (let sent = 0; sent < bytes; sent += 64) yield Buffer.alloc(64, sent & 0xff)
    })(),
  )
  const result = await read(pieces, aBudget(bytes), bytes)
  assert.ok(result.type === 'read')
  assert.equal(result.body.length, bytes)
  assert.ok(result.body.buffer.byteLength <= 2 * bytes + 128)
})

const single = (bytes: number) => Readable.from(Array.from({ length: bytes }, (_, at) => Buffer.from([at & 0xff])))

test('a body in single bytes is read, but not one in thousands of them: each holds the thread for as long as a kilobyte', async () => {
  const budget = aBudget(200_000)
  const small = await read(single(1_024), budget, 200_000)
  assert.ok(small.type === 'read')
  assert.equal(small.body.length, 1_024)
  budget.of(owner).give(1_024)
  assert.equal((await read(single(1_025), budget, 200_000)).type, 'tooLarge')
  assert.equal(budget.heldBytes, 0)
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
    const budget = aBudget(budgetBytes)
    assert.equal((await read(source(), budget)).type, want)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(budget.heldBytes, 0)
  })
}

test('bodies for one namespace leave room for those of others, and a largest body always fits where there is any', () => {
  const budget = aBudget(10_000, 1_000)
  const crowd = Array.from({ length: 50 }, (_, at) => budget.of({ namespace: 'crowd', uid: `uid-${at}` }))
  for (let round = 0; round < 50; round += 1) for (const own of crowd) own.take(100)
  assert.ok(budget.heldBytes >= 7_500 && budget.heldBytes <= 8_000, `${budget.heldBytes}`)
  for (const namespace of ['a', 'b']) {
    const own = budget.of({ namespace, uid: namespace })
    for (let part = 0; part < 10; part += 1) assert.equal(own.take(100), true, namespace)
  }
  const held = budget.heldBytes
  assert.equal(crowd[0]?.take(100), false)
  assert.equal(budget.heldBytes, held)
})
