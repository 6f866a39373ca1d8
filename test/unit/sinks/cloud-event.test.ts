import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { backfillEventId } from '../../../src/gemini/batch-job.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { dataContentType, encodeBinary, encodeStructured, percentEncode } from '../../../src/sinks/cloud-event.ts'
import { attributesOf } from '../../../src/sinks/event-attributes.ts'
import { anEvent, batchSucceeded } from '../../support/builders/an-event.ts'
import { anOutgoing, aStory } from '../../support/builders/deliveries.ts'

const attributes = attributesOf(anOutgoing(), {
  type: 'batch.succeeded',
  timestamp: '2026-11-21T11:59:58Z',
  dataId: 'batches/abc123',
})

function subjectOf(dataId: string): string | undefined {
  return attributesOf(anOutgoing(), { type: 'batch.failed', dataId }).subject
}

function structured(body: string | Uint8Array, contentType = 'application/json') {
  const data = { contentType, body: Buffer.from(body) }
  const encoded = encodeStructured(attributes, data, parseEnvelope(data.body).json)
  return { headers: encoded.headers, text: Buffer.from(encoded.body).toString() }
}

test('the attributes name the object, the event, the job and the attempt', () => {
  assert.deepEqual(
    attributesOf(anOutgoing({ attempt: 7, replayed: true, deadLetter: aStory() }), {
      type: 'interaction.requires_action',
      timestamp: '2026-11-21T11:59:58Z',
      dataId: 'v1_x',
    }),
    {
      id: 'msg_1',
      source: '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events',
      type: 'com.google.gemini.interaction.requires_action',
      subject: 'v1_x',
      time: '2026-11-21T11:59:58Z',
      geminimode: 'static',
      deliveryattempt: 7,
      replayed: true,
      deadletterreason: 'Rejected',
      deadlettersink: 'worker',
      deadletterattempts: 3,
      deadlettercause: 'refused',
      deadletterstatus: 422,
    },
  )
})

test('what the backfill sent says so, in a copy for a route as well; what Google sent does not', () => {
  const envelope = { type: 'batch.succeeded', dataId: 'batches/x' }
  const originOf = (event: Parameters<typeof anEvent>[0]) =>
    attributesOf(anOutgoing({ event: anEvent(event) }), envelope).geminiorigin
  const eventId = backfillEventId('batches/x', 'batch.succeeded')
  assert.equal(originOf({ eventId }), 'backfill')
  assert.equal(originOf({ eventId, owner: { uid: 'r', namespace: 'search', name: 'groute/nightly' } }), 'backfill')
  assert.ok(!('geminiorigin' in attributesOf(anOutgoing({ event: anEvent() }), envelope)))
})

for (const type of [
  'unknown',
  'Batch.Succeeded',
  'batch',
  'batch..x',
  'a b.c',
  `${'a'.repeat(127)}.b`,
  'batch.süß',
  '',
]) {
  test(`an event type that looks like none (${type.slice(0, 20)}) becomes unknown`, () => {
    assert.equal(attributesOf(anOutgoing(), { type }).type, 'com.google.gemini.unknown')
  })
}

test('a job id of more than 1 KiB is left out, counted in bytes', () => {
  assert.equal(subjectOf('x'.repeat(1024)), 'x'.repeat(1024))
  assert.equal(subjectOf('x'.repeat(1025)), undefined)
  assert.equal(subjectOf('ü'.repeat(513)), undefined)
})

test('an event of a route says so, and its source stays the webhook', () => {
  const owner = { uid: 'uid-2', namespace: 'search', name: 'groute/nightly-eval' }
  const webhook = { namespace: 'ml', name: 'batch-events' }
  const { source, geminiroute } = attributesOf(anOutgoing({ event: anEvent({ owner }), webhook }), { type: 'x.y' })
  assert.equal(source, '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events')
  assert.equal(geminiroute, 'search/nightly-eval')
  assert.equal('geminiroute' in attributesOf(anOutgoing(), { type: 'x.y' }), false)
})

test('every extension name is lower case letters and digits, at most twenty', () => {
  const event = anEvent({ owner: { uid: 'uid-2', namespace: 'search', name: 'groute/x' } })
  const all = attributesOf(anOutgoing({ event, deadLetter: aStory() }), { type: 'x.y', dataId: 'z' })
  assert.ok('geminiroute' in all)
  for (const name of Object.keys(all)) assert.match(name, /^[a-z0-9]{1,20}$/)
})

// The examples of the specification (HTTP binding 1.0.2, section 3.1.3.2), and what they do not show.
const encodings = [
  ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
  ['"50%"', '%2250%25%22'],
  ['batches/abc-123_~', 'batches/abc-123_~'],
  ["!#$&'()*+,/:;<=>?@[\\]^`{|}", "!#$&'()*+,/:;<=>?@[\\]^`{|}"],
  ['line\r\nbreak\u007f', 'line%0D%0Abreak%7F'],
  ['\ud800', '%EF%BF%BD'],
] as const

for (const [value, want] of encodings) {
  test(`${JSON.stringify(value)} is encoded as ${want}`, () => assert.equal(percentEncode(value), want))
}

test('an encoded value is printable, and decodes to what it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const encoded = percentEncode(value)
      assert.match(encoded, /^[\x21-\x7e]*$/)
      assert.equal(decodeURIComponent(encoded), value.toWellFormed())
    }),
  )
})

test('binary mode: every attribute is a header, the body is the very bytes', () => {
  const { headers, body } = encodeBinary(attributes, anEvent())
  assert.deepEqual(headers, {
    'ce-specversion': '1.0',
    'content-type': 'application/json',
    'ce-id': 'msg_1',
    'ce-source': '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events',
    'ce-type': 'com.google.gemini.batch.succeeded',
    'ce-subject': 'batches/abc123',
    'ce-time': '2026-11-21T11:59:58Z',
    'ce-geminimode': 'static',
    'ce-deliveryattempt': '1',
    'ce-replayed': 'false',
  })
  assert.equal(Buffer.from(body).toString(), batchSucceeded)
})

test('structured mode: JSON stands as data, digit for digit as the sender wrote it', () => {
  const body = '{"big":12345678901234567890, "pi":3.10}'
  const { headers, text } = structured(`\ufeff ${body}\n`)
  assert.equal(headers['content-type'], 'application/cloudevents+json; charset=utf-8')
  assert.ok(text.endsWith(`,"datacontenttype":"application/json","data":${body}}`), text)
  const event = JSON.parse(text)
  assert.equal(event.specversion, '1.0')
  assert.equal(event.deliveryattempt, 1)
  assert.equal(event.replayed, false)
})

const opaque: [string, Uint8Array | string, string][] = [
  ['a body that is no JSON', '{"type":', 'application/json'],
  ['a body that is no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'application/json'],
  ['an empty body', '', 'application/json'],
  ['JSON under another content type', '{}', 'text/plain'],
  ['JSON nested deeper than 64', '['.repeat(65) + ']'.repeat(65), 'application/json'],
  ['text that would close the envelope', '1},"id":"forged"', 'application/json'],
]

for (const [what, body, contentType] of opaque) {
  test(`structured mode: ${what} travels as base64`, () => {
    const event = JSON.parse(structured(body, contentType).text)
    assert.equal(event.data, undefined)
    assert.deepEqual(Buffer.from(event.data_base64, 'base64'), Buffer.from(body))
    assert.equal(event.id, 'msg_1')
  })
}

test('brackets inside of strings do not count as nesting, and 64 levels pass', () => {
  const deep = '['.repeat(63) + JSON.stringify('[{"\\['.repeat(100)) + ']'.repeat(63)
  assert.deepEqual(JSON.parse(structured(deep).text).data, JSON.parse(deep))
})

test('any JSON comes back as it was from a structured event', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (json) => {
      const event = JSON.parse(structured(json).text)
      assert.deepEqual(event.data, JSON.parse(json))
    }),
  )
})

const contentTypes = [
  ['', 'application/json'],
  ['application/json; charset=utf-8', 'application/json; charset=utf-8'],
  ['application/cloudevents+json', 'application/octet-stream'],
  [' Application/CloudEvents-batch+json', 'application/octet-stream'],
  ['text/plän', 'application/octet-stream'],
  ['text/plain\r\nx: y', 'application/octet-stream'],
] as const

for (const [given, want] of contentTypes) {
  test(`content type ${JSON.stringify(given)} is sent on as ${want}`, () => assert.equal(dataContentType(given), want))
}
