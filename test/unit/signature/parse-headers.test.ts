import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import {
  maxSignatureHeaderLength,
  maxSignatures,
  parseHeaders,
  type RequestHeaders,
} from '../../../src/signature/parse-headers.ts'
import { asymmetricSignature, strangersSignature, v1Vectors } from './vectors.ts'

const [vector] = v1Vectors
const good = { 'webhook-id': vector.id, 'webhook-timestamp': vector.timestamp, 'webhook-signature': vector.signature }
const payload = vector.signature.slice(3)

function parsed(changes: Record<string, string | string[] | undefined>): ReturnType<typeof parseHeaders> {
  return parseHeaders({ ...good, ...changes })
}

test('reads id, timestamp and signature of a well-formed delivery', () => {
  assert.deepEqual(parseHeaders(good), {
    ok: true,
    value: { id: vector.id, timestamp: '1614265330', timestampSeconds: 1614265330, signatures: [payload] },
  })
})

for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
  test(`a delivery without ${name}, or with an empty one, is missing a header`, () => {
    assert.deepEqual(parsed({ [name]: undefined }), { ok: false, problem: 'MissingHeader' })
    assert.deepEqual(parsed({ [name]: '' }), { ok: false, problem: 'MissingHeader' })
  })
  test(`a repeated ${name} is refused, joined or as a list`, () => {
    const value = good[name as keyof typeof good]
    assert.deepEqual(parsed({ [name]: `${value}, ${value}` }), { ok: false, problem: 'MalformedHeader' })
    assert.deepEqual(parsed({ [name]: [value, value] }), { ok: false, problem: 'MalformedHeader' })
    assert.deepEqual(parsed({ [name]: [value] }), { ok: false, problem: 'MalformedHeader' })
  })
}

const malformed: { name: string; headers: Record<string, string>; because: string }[] = [
  { name: 'an id with a dot', headers: { 'webhook-id': 'a.1' }, because: 'it could move the border of signed fields' },
  { name: 'an id with a space', headers: { 'webhook-id': 'a b' }, because: 'no sender writes one' },
  { name: 'an id beyond ASCII', headers: { 'webhook-id': 'msg_é' }, because: 'its signed bytes are ambiguous' },
  { name: 'an id of 257', headers: { 'webhook-id': 'a'.repeat(257) }, because: 'the inbox keeps at most 256' },
  ...['12a', ' 12', '12.5', '-12', '+12', '0x12', '1e9', '1234567890123', '١٢'].map((timestamp) => ({
    name: `the timestamp "${timestamp}"`,
    headers: { 'webhook-timestamp': timestamp },
    because: 'only plain digits were signed',
  })),
  ...[
    'v1',
    'v1,',
    ',abc',
    'v1,short',
    `v1,${payload.slice(0, -1)}`,
    `v1,${payload},${payload}`,
    `v1,A${payload}`,
    `v1,${payload}A`,
    '_v2,x',
    'v2,x,y',
    '   ',
    'v1;x',
  ].map((signature) => ({
    name: `the signature "${signature}" alone`,
    headers: { 'webhook-signature': signature },
    because: 'no entry is well-formed',
  })),
  {
    name: 'more signatures than a sender has secrets',
    headers: { 'webhook-signature': Array.from({ length: maxSignatures + 1 }, () => vector.signature).join(' ') },
    because: 'each costs comparisons',
  },
  {
    name: 'an overlong signature header',
    headers: { 'webhook-signature': `${vector.signature} v2,${'x'.repeat(maxSignatureHeaderLength)}` },
    because: 'the work per request is bounded',
  },
]
for (const { name, headers, because } of malformed) {
  test(`refuses ${name}`, () => {
    assert.deepEqual(parsed(headers), { ok: false, problem: 'MalformedHeader' }, because)
  })
}

const signatureCases: { name: string; header: string; want: string[] }[] = [
  { name: 'ignores unknown versions', header: `v2,abc ${vector.signature} v9,x`, want: [payload] },
  { name: 'ignores an asymmetric entry', header: `${asymmetricSignature} ${vector.signature}`, want: [payload] },
  { name: 'skips malformed entries', header: `v1 v1,?? ,x ${vector.signature} v1,`, want: [payload] },
  {
    name: 'tolerates extra spaces',
    header: `  ${vector.signature}   ${strangersSignature} `,
    want: [payload, strangersSignature.slice(3)],
  },
  { name: 'finds nothing to verify in unknown versions alone', header: 'v2,abc v3,def', want: [] },
  {
    name: 'takes as many as allowed',
    header: Array.from({ length: maxSignatures }, () => vector.signature).join(' '),
    want: Array.from({ length: maxSignatures }, () => payload),
  },
]
for (const { name, header, want } of signatureCases) {
  test(`${name} in the signature header`, () => {
    const result = parsed({ 'webhook-signature': header })
    assert.ok(result.ok)
    assert.deepEqual(result.value.signatures, want)
  })
}

test('whatever the headers are, parsing ends with a bounded answer and never throws', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.constant(vector.signature),
  )
  const value = fc.oneof(text, fc.constant(undefined), fc.array(text, { maxLength: 3 }))
  const headers = fc.record({ 'webhook-id': value, 'webhook-timestamp': value, 'webhook-signature': value })
  fc.assert(
    fc.property(headers, (given: RequestHeaders) => {
      const result = parseHeaders(given)
      if (!result.ok) return
      const { id, timestamp, timestampSeconds, signatures } = result.value
      assert.ok(id.length <= 256 && !id.includes('.'))
      assert.ok(Number.isSafeInteger(timestampSeconds) && /^\d+$/.test(timestamp))
      assert.ok(signatures.length <= maxSignatures && signatures.every((each) => each.length === 44))
    }),
    { numRuns: 5_000 },
  )
})

test('the order of entries decides nothing but their order', () => {
  const entry = fc.constantFrom(
    vector.signature,
    strangersSignature,
    asymmetricSignature,
    'v2,abc',
    'v1,bad',
    'junk',
    '',
  )
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (entries, ranks) => {
      const shuffled = entries
        .map((each) => ({ each, rank: ranks.next().value as number }))
        .toSorted((a, b) => a.rank - b.rank)
        .map(({ each }) => each)
      const forward = parsed({ 'webhook-signature': entries.join(' ') })
      const other = parsed({ 'webhook-signature': shuffled.join(' ') })
      assert.equal(forward.ok, other.ok)
      if (forward.ok && other.ok) {
        assert.deepEqual(forward.value.signatures.toSorted(), other.value.signatures.toSorted())
      }
    }),
  )
})

test('large signatures of a version to come do not hide the ones of today', () => {
  const large = `v2,${'A'.repeat(3_228)}`
  const result = parsed({ 'webhook-signature': `${large} ${large} ${vector.signature}` })
  assert.deepEqual(result.ok && result.value.signatures, [payload])
})

test('a signature header of exactly the bound is read', () => {
  const padding = 'x'.repeat(maxSignatureHeaderLength - vector.signature.length - ' v2,'.length)
  const result = parsed({ 'webhook-signature': `${vector.signature} v2,${padding}` })
  assert.deepEqual(result.ok && result.value.signatures, [payload])
})
