import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readEvent } from '../../../../src/cli/files/read-event.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const read = (text: string) => readEvent(Buffer.from(text), nowMs)

const bodies = ['{"type":"batch.failed"}', '\n [1]\n', '\uFEFF{}']
for (const body of bodies) {
  test(`a body alone is an event as it stands: ${JSON.stringify(body)}`, () => {
    const event = read(body)
    assert.deepEqual(event.ok && [event.value.eventId, event.value.body.toString()], ['msg_example', body])
  })
}

const mistakes: [text: string, problem: string][] = [
  ['{"type": "secret-word",}', 'begins like JSON and is none at line 1 column 24'],
  ['{\n  "type": "secret-word"\n  "data": {} }', 'begins like JSON and is none at line 3 column 3'],
  ['{"type": secret-word}', 'begins like JSON and is none: correct it'],
]
for (const [text, expected] of mistakes) {
  test(`a body alone with a mistake is refused, with its place where that is known, and without its words: ${JSON.stringify(text)}`, () => {
    const event = read(text)
    assert.ok(!event.ok)
    assert.ok(event.problem.startsWith(expected), event.problem)
    assert.doesNotMatch(event.problem, /secret|"type"/)
  })
}

test('a captured request may have any body: receivers take it', () => {
  const event = read('webhook-id: msg_1\n\n{"type": ')
  assert.deepEqual(event.ok && [event.value.eventId, event.value.body.toString()], ['msg_1', '{"type": '])
})
