import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { test } from 'node:test'

import {
  decodeIssuedSecret,
  decodeSigningSecret,
  maxSecretBytes,
  minSecretBytes,
} from '../../../src/signature/signing-secret.ts'

function bytesOf(text: string): Buffer {
  const decoded = decodeSigningSecret(text)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value.export()
}

function problemOf(text: string): string {
  const decoded = decodeSigningSecret(text)
  assert.ok(!decoded.ok, 'expected the secret to be refused')
  return decoded.problem
}

test('decodes every length in bounds, padded and without padding', () => {
  for (let length = minSecretBytes; length <= maxSecretBytes; length++) {
    const bytes = randomBytes(length)
    const text = bytes.toString('base64')
    assert.deepEqual(bytesOf(`whsec_${text}`), bytes)
    assert.deepEqual(bytesOf(`whsec_${text.replace(/=+$/, '')}`), bytes)
  }
})

const refused: { name: string; text: string; problem: RegExp }[] = [
  {
    name: 'a secret without the prefix',
    text: randomBytes(24).toString('base64'),
    problem: /does not start with whsec_/,
  },
  { name: 'a public key', text: `whpk_${randomBytes(32).toString('base64')}`, problem: /does not start with whsec_/ },
  { name: 'an empty secret', text: 'whsec_', problem: /is not base64/ },
  { name: 'a hint', text: 'whsec_...3frh', problem: /is not base64/ },
  { name: 'the url-safe alphabet', text: `whsec_${'-_Aa'.repeat(8)}`, problem: /is not base64/ },
  { name: 'a trailing newline', text: `whsec_${'Aa09'.repeat(8)}\n`, problem: /is not base64/ },
  { name: 'padding that does not fit', text: `whsec_${'Aa09'.repeat(8)}=`, problem: /is not base64/ },
  { name: 'more padding than base64 has', text: `whsec_${'Aa09'.repeat(8)}====`, problem: /is not base64/ },
  { name: 'a length that no bytes have', text: `whsec_${'Aa09'.repeat(8)}A`, problem: /is not base64/ },
  {
    name: 'too few bytes',
    text: `whsec_${Buffer.alloc(15).toString('base64')}`,
    problem: /holds 15 bytes; expected 16 to 128/,
  },
  { name: 'too many bytes', text: `whsec_${Buffer.alloc(129).toString('base64')}`, problem: /holds 129 bytes/ },
]
for (const { name, text, problem } of refused) {
  test(`refuses ${name} and says why without telling it`, () => {
    const told = problemOf(text)
    assert.match(told, problem)
    const encoded = text.replace('whsec_', '')
    assert.ok(encoded === '' || !told.includes(encoded))
  })
}

test('a secret that was issued is its key in base64 behind whatever prefix', () => {
  for (const length of [24, 32, 64]) {
    const bytes = randomBytes(length)
    for (const prefix of ['whsec_', 'gmwhsec_', 'gemini_whsec2_', 'a_']) {
      for (const encoded of [bytes.toString('base64'), bytes.toString('base64').replace(/=+$/, '')]) {
        const decoded = decodeIssuedSecret(`${prefix}${encoded}`)
        assert.ok(decoded.ok, prefix)
        assert.deepEqual(decoded.value.export(), bytes)
      }
    }
  }
})

test('what is no issued secret is refused without being told', () => {
  const encoded = randomBytes(24).toString('base64')
  for (const [text, problem] of [
    [encoded, /does not start with whsec_/],
    [`whpk_${encoded}`, /does not start with whsec_/],
    [`whsk_${encoded}`, /does not start with whsec_/],
    [`${'a'.repeat(40)}_${encoded}`, /does not start with whsec_/],
    [`new_${encoded.slice(0, 8)}`, /holds 6 bytes/],
    [`new_...${encoded.slice(-4)}`, /is not base64 after its prefix/],
    ['whsec_', /is not base64 after whsec_/],
  ] as const) {
    const decoded = decodeIssuedSecret(text)
    assert.ok(!decoded.ok, text)
    assert.match(decoded.problem, problem)
    assert.ok(!decoded.problem.includes(encoded))
  }
})

test('a decoded key prints as nothing', () => {
  const text = randomBytes(24).toString('base64')
  const decoded = decodeSigningSecret(`whsec_${text}`)
  assert.ok(!inspect(decoded, { depth: 9 }).includes(text) && !JSON.stringify(decoded).includes(text))
})
