import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'

import { HTTP, type CloudEvent } from 'cloudevents'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'

import { systemClock } from '../../../src/clock.ts'
import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import type { OutgoingDelivery } from '../../../src/sinks/port.ts'
import { anEvent, batchSucceeded } from '../../support/builders/an-event.ts'
import { anHttpSink, anOutgoing, aStory } from '../../support/builders/deliveries.ts'

interface Received {
  headers: IncomingHttpHeaders
  body: Buffer
}

/** Sends over a real socket; a library sees what Node's server made of it. */
async function send(
  t: TestContext,
  sinkChanges: Partial<ResolvedSink>,
  given: Partial<OutgoingDelivery> = {},
): Promise<Received> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks) })
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const addressRules = createAddressRules({ allowLoopback: true })
  const sink = createHttpSink({ parseEnvelope, clock: systemClock, addressRules })
  t.after(async () => {
    await sink.close()
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const outcome = await sink.send(
    anOutgoing({ ...given, sink: anHttpSink(url, sinkChanges) }),
    new AbortController().signal,
  )
  assert.deepEqual(outcome, { type: 'delivered', status: 204 })
  return received[0] ?? assert.fail('nothing came')
}

/** As a worker uses the SDK: the text of the body, strictly validated. */
function parseWithSdk({ headers, body }: Received): CloudEvent<unknown> {
  const event = HTTP.toEvent<unknown>({ headers, body: body.toString() })
  assert.ok(!Array.isArray(event))
  const single = event as CloudEvent<unknown>
  assert.equal(single.validate(), true)
  return single
}

const formats = ['CloudEventBinary', 'CloudEventStructured'] as const

for (const format of formats) {
  test(`the CloudEvents SDK parses ${format}: attributes, extensions and data`, async (t) => {
    const event = parseWithSdk(await send(t, { format }, { attempt: 2, replayed: true, deadLetter: aStory() }))
    assert.equal(event.specversion, '1.0')
    assert.equal(event.id, 'msg_1')
    assert.equal(event.type, 'com.google.gemini.batch.succeeded')
    assert.equal(event.source, '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events')
    assert.equal(event.subject, 'batches/abc123')
    assert.equal(event.time, '2026-11-21T11:59:58.000Z')
    assert.equal(event.datacontenttype, 'application/json')
    assert.deepEqual(event.data, JSON.parse(batchSucceeded))
    // A header is text, a JSON member keeps its type.
    assert.equal(String(event['deliveryattempt']), '2')
    assert.equal(String(event['replayed']), 'true')
    assert.equal(event['geminimode'], 'static')
    assert.equal(event['deadletterreason'], 'Rejected')
    assert.equal(event['deadlettersink'], 'worker')
    assert.equal(String(event['deadletterattempts']), '3')
    assert.equal(event['deadlettercause'], 'refused')
    assert.equal(String(event['deadletterstatus']), '422')
  })

  test(`the CloudEvents SDK parses ${format} of an event without time and subject, which are optional`, async (t) => {
    const event = parseWithSdk(
      await send(t, { format }, { event: anEvent({ body: Buffer.from('{"type":"batch.failed"}') }) }),
    )
    assert.equal(event.type, 'com.google.gemini.batch.failed')
    assert.equal(event.subject, undefined)
  })

  for (const type of ['batch.süß', 'Batch Succeeded', '', 'a\r\nb.c', `${'x'.repeat(200)}.y`]) {
    test(`the CloudEvents SDK parses ${format} of an event whose type is ${JSON.stringify(type.slice(0, 20))}`, async (t) => {
      const body = Buffer.from(JSON.stringify({ type, data: { id: 'batches/1' } }))
      const event = parseWithSdk(await send(t, { format }, { event: anEvent({ body }) }))
      assert.equal(event.type, 'com.google.gemini.unknown')
      assert.equal((event.data as { type: string }).type, type)
    })
  }

  for (const dataId of ['Größe/€/😀', '50% "of" it', 'two words', '%41', 'tab\tand\u0000nul', "!#$&'()*+,/:;<=>?@[]"]) {
    test(`the CloudEvents SDK gives the subject ${JSON.stringify(dataId)} of ${format}`, async (t) => {
      const body = Buffer.from(JSON.stringify({ type: 'batch.succeeded', data: { id: dataId } }))
      const event = parseWithSdk(await send(t, { format }, { event: anEvent({ body }) }))
      // The SDK (10.0.0) leaves header values percent-encoded, contrary to section 3.1.3.2 of the HTTP binding: whoever
      // uses it decodes once more.
      const subject = format === 'CloudEventBinary' ? decodeURIComponent(event.subject ?? '') : event.subject
      assert.equal(subject, dataId)
      assert.deepEqual(event.data, { type: 'batch.succeeded', data: { id: dataId } })
    })
  }
}

test('the CloudEvents SDK gives the bytes of a structured event whose data is not JSON', async (t) => {
  const body = Buffer.from([0xff, 0xfe, 0x00, 0x01, 0x80])
  const event = anEvent({ body, contentType: 'application/octet-stream' })
  const parsed = parseWithSdk(await send(t, { format: 'CloudEventStructured' }, { event }))
  assert.equal(parsed.data_base64, body.toString('base64'))
  assert.equal(parsed.datacontenttype, 'application/octet-stream')
})

/** What a published library needs to be the worker. */
interface Verifier {
  verify(body: string, headers: Record<string, string>): unknown
}

const verifiers: { name: string; of: (secret: string) => Verifier }[] = [
  { name: 'standardwebhooks', of: (secret) => new StandardWebhook(secret) },
  { name: 'svix', of: (secret) => new SvixWebhook(secret) },
]

const signingSecret = `whsec_${Buffer.from('a secret of the sink, 32 bytes..').toString('base64')}`
const strangersSecret = `whsec_${Buffer.from('a secret of somebody else, 32 b.').toString('base64')}`

for (const { name, of } of verifiers) {
  for (const format of [...formats, 'Original'] as const) {
    test(`${name} verifies what is signed again in format ${format}, however old the event is`, async (t) => {
      const body = Buffer.from('{"type":"batch.succeeded","data":{"id":"Größe/€/😀"}}')
      const event = anEvent({ body, sentAtSeconds: 1_600_000_000 })
      const { headers, body: sent } = await send(t, { format, signingSecret }, { event })
      const texts = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)]))
      // throws where it does not fit, or where the timestamp is not fresh
      of(signingSecret).verify(sent.toString(), texts)
      assert.throws(() => of(strangersSecret).verify(sent.toString(), texts), /No matching signature/)
      assert.throws(() => of(signingSecret).verify(`${sent.toString()} `, texts), /No matching signature/)
    })
  }
}
