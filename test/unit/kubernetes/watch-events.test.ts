import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { parseWatchEvent, readLines } from '../../../src/kubernetes/watch-events.ts'

async function linesOf(chunks: Uint8Array[]): Promise<string[]> {
  async function* body() {
    yield* chunks
  }
  const lines: string[] = []
  for await (const line of readLines(body())) lines.push(line)
  return lines
}

test('lines survive being cut anywhere, even inside a character', async () => {
  const lines = ['{"a":"ü"}', '{"b":"€"}', '{"c":"😀"}']
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end))
      assert.deepEqual(await linesOf(chunks), lines)
    }),
  )
})

test('a line that the connection cut off is dropped', async () => {
  assert.deepEqual(await linesOf([new TextEncoder().encode('{"a":1}\n{"b":')]), ['{"a":1}'])
})

test('a line without end is an error, not endless memory', async () => {
  const chunk = new Uint8Array(1024 * 1024).fill(97)
  await assert.rejects(linesOf(Array.from({ length: 17 }, () => chunk)), /watch event longer than/)
})

test('events, bookmarks and errors are told apart', () => {
  const object = { metadata: { name: 'x', resourceVersion: '5' } }
  assert.deepEqual(parseWatchEvent(JSON.stringify({ type: 'ADDED', object })), { type: 'ADDED', object })
  assert.deepEqual(
    parseWatchEvent(
      JSON.stringify({
        type: 'BOOKMARK',
        object: { metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } } },
      }),
    ),
    { type: 'BOOKMARK', resourceVersion: '9', initialEventsEnd: true },
  )
  const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }
  assert.deepEqual(parseWatchEvent(JSON.stringify({ type: 'ERROR', object: status })), {
    type: 'ERROR',
    status: 410,
    reason: 'Expired',
    message: 'too old resource version',
  })
})

for (const line of ['not json', '{"type":"ADDED"}', '{"type":"SURPRISE","object":{}}', 'null']) {
  test(`${line} is refused instead of swallowed`, () => {
    assert.throws(() => parseWatchEvent(line))
  })
}
