import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { readList } from '../../../src/kubernetes/read-list.ts'

/** In pieces of `size` bytes. */
async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length; from += size) yield await Promise.resolve(bytes.subarray(from, from + size))
}

test('whatever is listed, in whatever pieces it comes: its items and what is around them are those of a parser', async () => {
  const answers = fc.record({
    items: fc.array(fc.dictionary(fc.string(), fc.jsonValue())),
    metadata: fc.dictionary(fc.string(), fc.jsonValue()),
    others: fc.dictionary(
      fc.string({ unit: fc.constantFrom('"', '\\', 'i', 't', 'items', ':', '[', '{', 'ü', ',') }),
      fc.jsonValue(),
    ),
    isFirst: fc.boolean(),
    indent: fc.constantFrom(undefined, 2),
    size: fc.integer({ min: 1, max: 70 }),
  })
  await fc.assert(
    fc.asyncProperty(answers, async ({ items, metadata, others, isFirst, indent, size }) => {
      const { items: _, ...around } = others
      const answer = isFirst ? { ...around, items, metadata } : { metadata, ...around, items }
      const read = await readList(inPieces(JSON.stringify(answer, null, indent), size), (item) => item)
      assert.deepEqual(read, { items: parsed(items), rest: parsed({ ...answer, items: [] }) })
    }),
  )
})

const parsed = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('of each item stays what is kept, and what keeps it sees one at a time', async () => {
  const text = JSON.stringify({ items: [{ name: 'a', big: 'x'.repeat(1_000) }, { name: 'b' }], metadata: {} })
  const { items } = await readList(inPieces(text, 100), (item) => (item as { name: string }).name)
  assert.deepEqual(items, ['a', 'b'])
})

for (const [what, text] of [
  ['cut off in an item', '{"items":[{"a":1},{"b"'],
  ['cut off between items', '{"items":[{"a":1}'],
  ['no JSON', 'no such thing'],
  ['broken in an item', '{"items":[{"a":}]}'],
  ['empty', ''],
] as const) {
  test(`an answer that is ${what} is none`, async () => {
    await assert.rejects(
      readList(inPieces(text, 5), (item) => item),
      SyntaxError,
    )
  })
}

async function* endless(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('{"items":[{"a":"')
  for (;;) yield await Promise.resolve(Buffer.alloc(1024 * 1024, 'x'))
}

test('an item without end is given up', async () => {
  await assert.rejects(
    readList(endless(), (item) => item),
    /an item of a list with more than/,
  )
})

test('a string of nothing but backslashes is searched once, and not to its end for each of them', async (t) => {
  const native = Buffer.prototype.indexOf
  let searched = 0
  t.mock.method(Buffer.prototype, 'indexOf', function (this: Buffer, byte: number, from: number) {
    const found = native.call(this, byte, from)
    searched += (found === -1 ? this.length : found) - from
    return found
  })
  const text = JSON.stringify({ items: [{ note: '\\'.repeat(10_000) }], metadata: {} })
  const { items } = await readList(inPieces(text, text.length), (item) => (item as { note: string }).note.length)
  assert.deepEqual(items, [10_000])
  assert.ok(searched < 3 * text.length, `${searched} bytes were looked at in ${text.length}`)
})
