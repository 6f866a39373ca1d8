import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { buildRequest } from '../../../src/sinks/build-request.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aSink } from '../../support/builders/deliveries.ts'

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
