import assert from 'node:assert/strict'
import { test } from 'node:test'

import { cleanseText, maxMessageCharacters } from '../../../src/gemini/cleanse-text.ts'

const shapes = [
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'whsec_C2FVsBQIhrscChlQIMV+b5sSYsp/b7oD==',
  'whsk_abcdefghijklmnop',
  'AIzaSyD-abcdefghijklmnopqrstuvwxyz01234',
  'AQ.Ab8RN6abcdefghijklmnop',
  'ya29.a0Abcdefghijklmnop',
]
for (const secret of shapes) {
  test(`${secret.slice(0, 6)}… is replaced wherever it stands`, () => {
    const clean = cleanseText(`before "${secret}", after`, [])
    assert.equal(clean, 'before "[redacted]", after')
  })
}

test('a signing secret with a prefix that is not known is replaced, and words of the API stay', () => {
  const encoded = Buffer.alloc(32, 200).toString('base64')
  assert.equal(cleanseText(`the secret gemini_whsec2_${encoded} is wrong`, []), 'the secret [redacted] is wrong')
  const words = 'revoke_previous_secrets_after_h24, disabled_due_to_failed_deliveries, gm_...3frh'
  assert.equal(cleanseText(words, []), words)
})

test('a secret without a known shape is replaced when it is given', () => {
  assert.equal(cleanseText('the key hunter2hunter2 is wrong', ['hunter2hunter2']), 'the key [redacted] is wrong')
})

test('the text is cleansed before it is cut, so that the cut leaves no half secret', () => {
  const clean = cleanseText(`${'x'.repeat(180)} ${shapes[0]}`, [])
  assert.ok(!clean.includes('whsec_M'))
  assert.ok(clean.length <= maxMessageCharacters)
})

test('the text becomes one line of at most 200 characters, never cut inside one', () => {
  const clean = cleanseText(`a\n\tb\u0000c ${'😀'.repeat(300)}`, [])
  assert.ok(clean.startsWith('a b c 😀'))
  assert.equal(Array.from(clean).length, maxMessageCharacters)
  assert.ok(clean.isWellFormed())
})

test('an empty secret replaces nothing', () => {
  assert.equal(cleanseText('abc', ['']), 'abc')
})
