import assert from 'node:assert/strict'
import { test } from 'node:test'

import { visibleText, writeTo } from '../../../src/cli/write-to.ts'

function aTarget(isTTY: boolean) {
  const written: string[] = []
  return { written, target: { isTTY, write: (text: string) => written.push(text) } }
}

const hostile = 'a\u001b]0;title\u0007\u001b[2J\u009b31m\r\b\u007f \u202eevil\u2028\ufeff'

test('a terminal is shown what there is, and acts on none of it', () => {
  const { written, target } = aTarget(true)
  writeTo(target)(hostile)
  const [text = ''] = written
  assert.doesNotMatch(text, /[[\p{Cc}\p{Bidi_Control}\u2028\ufeff]--[\n\t]]/v)
  assert.ok(text.startsWith('a\\u001b]0;title\\u0007\\u001b[2J\\u009b31m\\u000d\\u0008\\u007f \\u202eevil'))
})

test('other programs get the bytes as they are', () => {
  const { written, target } = aTarget(false)
  writeTo(target)(hostile)
  assert.deepEqual(written, [hostile])
})

test('words, lines and columns stay', () => {
  const text = 'Grüße\tアイ 👍\nnext line\n'
  assert.equal(visibleText(text), text)
})
