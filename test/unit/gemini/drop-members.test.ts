import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { dropMembers } from '../../../src/gemini/drop-members.ts'

const names = new Set(['response', 'output'])

async function dropped(json: string, chunkBytes = json.length + 1): Promise<string> {
  const bytes = Buffer.from(json)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  const kept: Uint8Array[] = []
  for await (const chunk of dropMembers(chunks(), names)) kept.push(chunk)
  return Buffer.concat(kept).toString()
}

const cases: [name: string, given: string, want: string][] = [
  ['a text', '{"response":"long","b":1}', '{"response":null,"b":1}'],
  ['a number at the end', '{"response":12}', '{"response":null}'],
  ['an object with lists', '{"a":[{"output":{"x":[1,{"y":"}"}]}},2]}', '{"a":[{"output":null},2]}'],
  ['brackets and quotes in texts', '{"output":"]}\\",{","b":"response"}', '{"output":null,"b":"response"}'],
  ['a text that ends in a backslash', '{"output":"\\\\","b":1}', '{"output":null,"b":1}'],
  ['a name inside what is dropped', '{"output":{"response":1},"b":2}', '{"output":null,"b":2}'],
  ['a longer name stays', '{"responses":1,"respons":2,"xresponse":3}', '{"responses":1,"respons":2,"xresponse":3}'],
  ['the name as a value stays', '["response",{"a":"output"}]', '["response",{"a":"output"}]'],
  ['nothing', '', ''],
]
for (const [name, given, want] of cases) {
  test(`${name}, whole or byte by byte`, async () => {
    assert.equal(await dropped(given), want)
    assert.equal(await dropped(given, 1), want)
  })
}

test('for any JSON, however it is cut, the named members are null and everything else is as it was', async () => {
  const key = fc.oneof(fc.constantFrom('response', 'output', 'name'), fc.string())
  const anyJson = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  })).value
  await fc.assert(
    fc.asyncProperty(
      anyJson,
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(undefined, 2),
      async (value, size, indent) => {
        const json = JSON.stringify(value, undefined, indent)
        // A name with an escape is not one of ours; JSON.stringify escapes none of these.
        const want: unknown = JSON.parse(json, (name, inner: unknown) => (names.has(name) ? null : inner))
        assert.deepEqual(JSON.parse(await dropped(json, size)), want)
      },
    ),
    { numRuns: 300 },
  )
})
