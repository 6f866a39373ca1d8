import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { Webhook } from 'standardwebhooks'

import { geminiEventTypes } from '../../../src/contract/consumers/gemini-events.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import {
  exampleDelivery,
  exampleRequest,
  exampleSigningSecret,
  formats,
} from '../../../tools/consumers/example-requests.ts'
import { httpText } from '../../../tools/consumers/http-text.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { startEndpoint } from '../../support/worlds/simulator.ts'

const consuming = readFileSync('docs/consuming.md', 'utf8')
const requests = readFileSync('docs/reference/requests.md', 'utf8')

for (const type of geminiEventTypes) {
  for (const format of formats) {
    for (const signingSecret of [undefined, exampleSigningSecret]) {
      const how = signingSecret === undefined ? format : `${format}, signed`
      test(`${type} as ${how} arrives as it is documented`, async (t) => {
        const endpoint = await startEndpoint(t)
        const sink = createHttpSink({
          parseEnvelope,
          clock: new FakeClock('2026-11-21T12:00:01Z'),
          addressRules: createAddressRules({ allowLoopback: true }),
        })
        t.after(() => sink.close())
        const delivery = exampleDelivery(type, {
          format,
          destination: { type: 'http', url: `${endpoint.origin}/events`, reach: 'cluster' },
          ...(signingSecret !== undefined && { signingSecret }),
        })
        const outcome = await sink.send(delivery, new AbortController().signal)
        assert.deepEqual(outcome, { type: 'delivered', status: 204 })

        const [{ headers, body } = assert.fail('nothing came')] = endpoint.received
        const { host: _, connection, 'content-length': length, ...rest } = headers
        assert.deepEqual([connection, length], ['keep-alive', String(body.length)])
        const documented = exampleRequest(type, format, signingSecret)
        assert.deepEqual(rest, documented.headers)
        assert.equal(body.toString(), documented.body)
      })
    }
  }
}

test('the reference page has each of them, the page for consumers one of each format', () => {
  for (const type of geminiEventTypes) {
    for (const format of formats) assert.ok(requests.includes(httpText(exampleRequest(type, format))), type)
  }
  for (const format of formats) assert.ok(consuming.includes(httpText(exampleRequest('batch.succeeded', format))))
})

test('the page for consumers has a row for every type of event, and none for another', () => {
  const rows = [...consuming.matchAll(/^\| `([a-z_]+\.[a-z_]+)` +\|/gm)].map(([, type]) => type)
  assert.deepEqual(rows, geminiEventTypes)
})

test('the signature that is documented is one that the library makes', () => {
  const { headers, body } = exampleRequest('batch.succeeded', 'CloudEventBinary', exampleSigningSecret)
  const at = new Date(Number(headers['webhook-timestamp']) * 1000)
  const id = headers['webhook-id'] ?? ''
  assert.equal(headers['webhook-signature'], new Webhook(exampleSigningSecret).sign(id, at, body))
})
