import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Webhook } from 'standardwebhooks'

import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { buildRequest } from '../../../src/sinks/build-request.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { anOutgoing, aSink, aStory } from '../../support/builders/deliveries.ts'

const rows = Array.from({ length: 10_000 }, (_, at) => ({ row: at, 'na\u00efve': '\u{1F600}' }))
const data = { id: 'batches/1', rows }
const text = JSON.stringify({ type: 'batch.succeeded', timestamp: '2026-01-22T12:00:00Z', data })

for (const format of ['CloudEventBinary', 'CloudEventStructured', 'Original'] as const) {
  test(`no attempt parses a body, however large: ${format}`, (t) => {
    const event = anEvent({ body: Buffer.from(`\uFEFF ${text}\n`) })
    const parse = t.mock.method(JSON, 'parse')
    const request = buildRequest(
      { event, sink: aSink({ format }), attempt: 1, replayed: false },
      { parseEnvelope, nowMs: 0 },
    )
    const parsed = parse.mock.calls.map(({ arguments: [given] }) => given.length)
    parse.mock.restore()
    assert.ok(
      parsed.length <= 3 && parsed.every((length) => length < 100),
      `parsed texts of ${parsed.join()} characters`,
    )
    assert.ok(request.built)
    if (format === 'CloudEventBinary') assert.equal(request.headers['ce-subject'], 'batches/1')
    if (format !== 'CloudEventStructured') assert.equal(request.body, event.body, 'not even copied')
    else {
      const whole = JSON.parse(Buffer.from(request.body).toString()) as { type: string; data: { data: unknown } }
      assert.equal(whole.type, 'com.google.gemini.batch.succeeded')
      assert.deepEqual(whole.data.data, data)
    }
  })
}

const transform = {
  body: '{"text": event.type}',
  contentType: 'application/json',
  method: 'PUT',
  headers: { 'X-Source': 'gemini', host: 'elsewhere' },
} as const
const content = Buffer.from('{"text":"batch.succeeded"}')

/** The request for a sink with a transform. */
function transformed(given: Partial<ResolvedSink> = {}, made: { content?: Uint8Array } = { content }) {
  const delivery = { event: anEvent(), sink: aSink({ transform, ...given }), attempt: 1, replayed: false, ...made }
  const request = buildRequest(delivery, { parseEnvelope, nowMs: Date.parse('2026-11-21T12:00:00Z') })
  assert.ok(request.built)
  return request
}

test('a transform replaces the body, its type and the method; the attributes of the event stay in headers', () => {
  const { method, headers, body } = transformed()
  assert.deepEqual([method, body], ['PUT', content])
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['x-source'], 'gemini')
  assert.equal(headers['host'], undefined, 'reserved, whoever wrote it into the keyring')
  assert.equal(headers['ce-id'], 'msg_1')
  assert.equal(headers['ce-type'], 'com.google.gemini.batch.succeeded')
})

test('credentials come before the constant headers of a transform', () => {
  assert.equal(transformed({ headers: { 'X-SOURCE': 'secret' } }).headers['x-source'], 'secret')
})

test('in Original, what Google signed is not said of another body', () => {
  const { headers } = transformed({ format: 'Original' })
  assert.equal(headers['x-gemini-webhook-id'], 'msg_1')
  assert.equal(headers['x-gemini-webhook-signature'], undefined)
  assert.ok(!Object.keys(headers).some((name) => name.startsWith('ce-')))
})

test('a dead letter that is transformed has its attributes in headers, whatever format its sink has', () => {
  const sink = aSink({ transform, format: 'CloudEventStructured' })
  const told = { sink, deadLetter: aStory({ reason: 'RetriesExhausted' }), content }
  const request = buildRequest(anOutgoing(told), { parseEnvelope, nowMs: 0 })
  assert.ok(request.built)
  assert.deepEqual([request.body, request.headers['content-type']], [content, 'application/json'])
  assert.equal(request.headers['ce-deadletterreason'], 'RetriesExhausted')
})

test('the signature is of what is sent', () => {
  const signingSecret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  const { headers, body } = transformed({ signingSecret })
  const verified = new Webhook(signingSecret).sign('msg_1', new Date('2026-11-21T12:00:00Z'), Buffer.from(body))
  assert.equal(headers['webhook-signature'], verified)
})

test('a sink with a transform never gets the event itself', () => {
  assert.throws(() => transformed({}, {}), /nothing that it has made/)
})

test('without a transform an event is posted', () => {
  const request = buildRequest(
    { event: anEvent(), sink: aSink(), attempt: 1, replayed: false, content },
    { parseEnvelope, nowMs: 0 },
  )
  assert.ok(request.built)
  assert.deepEqual([request.method, request.body], ['POST', anEvent().body])
})

function toldBy(given: Parameters<typeof aSink>[0], deadLetter = aStory()): Record<string, string> {
  const outgoing = anOutgoing({ sink: aSink({ format: 'Original', ...given }), deadLetter })
  const request = buildRequest(outgoing, { parseEnvelope, nowMs: 0 })
  assert.ok(request.built)
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => name.startsWith('x-gwh-')))
}

test('what is no CloudEvent tells how it was given up in headers, signed or not, and nothing else does', () => {
  const signingSecret = `whsec_${Buffer.alloc(24).toString('base64')}`
  const wanted = {
    'x-gwh-deadletterreason': 'Rejected',
    'x-gwh-deadlettersink': 'worker',
    'x-gwh-deadletterattempts': '3',
    'x-gwh-deadlettercause': 'refused',
    'x-gwh-deadletterstatus': '422',
  }
  assert.deepEqual(toldBy({}), wanted)
  assert.deepEqual(toldBy({ signingSecret }), wanted)
  assert.deepEqual(toldBy({ headers: { 'X-GWH-DeadLetterCause': 'mine' } }), wanted, 'ours alone')
  const short = { reason: 'FilterError', sink: 'worker', attempts: 0 } as const
  assert.deepEqual(toldBy({}, short), {
    'x-gwh-deadletterreason': 'FilterError',
    'x-gwh-deadlettersink': 'worker',
    'x-gwh-deadletterattempts': '0',
  })
  assert.deepEqual(toldBy({ format: 'CloudEventBinary' }), {}, 'attributes say it')
  const usual = buildRequest(anOutgoing({ sink: aSink({ format: 'Original' }) }), { parseEnvelope, nowMs: 0 })
  assert.ok(usual.built && Object.keys(usual.headers).every((name) => !name.startsWith('x-gwh-')))
})
