import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readCapturedRequest } from '../../../../src/cli/files/captured-request.ts'

const read = (text: string) => readCapturedRequest(Buffer.from(text, 'latin1'))

const cases: { name: string; text: string; headers: Record<string, string>; body: string }[] = [
  {
    name: 'request line, headers and body with CRLF, as on the wire',
    text: 'POST /v1/s/ml/x HTTP/1.1\r\nWebhook-Id: msg_1\r\nHost: a\r\n\r\n{"a":1}',
    headers: { 'webhook-id': 'msg_1', host: 'a' },
    body: '{"a":1}',
  },
  {
    name: 'without a request line, with LF and blanks around values',
    text: 'webhook-id:  msg_1 \nhost:a\n\nbody',
    headers: { 'webhook-id': 'msg_1', host: 'a' },
    body: 'body',
  },
  {
    name: 'what follows the content-length is not the body: an editor may have added a line end',
    text: 'content-length: 4\n\nbody\n',
    headers: { 'content-length': '4' },
    body: 'body',
  },
  {
    name: 'an empty line inside the body, and bytes that are no UTF-8, stay',
    text: 'a: b\r\n\r\none\r\n\r\n\xff\x00two',
    headers: { a: 'b' },
    body: 'one\r\n\r\n\xff\x00two',
  },
  {
    name: 'a repeated header is joined, so that it is refused as Node would have it refused',
    text: 'webhook-id: msg_1\nWebhook-ID: msg_2\n\n',
    headers: { 'webhook-id': 'msg_1, msg_2' },
    body: '',
  },
]
for (const { name, text, headers, body } of cases) {
  test(name, () => {
    const request = read(text)
    assert.ok(request.ok)
    assert.deepEqual(request.value.headers, headers)
    assert.equal(request.value.body.toString('latin1'), body)
  })
}

for (const [text, problem] of [
  ['webhook-id: msg_1', /no empty line/],
  ['POST / HTTP/1.1\r\nno header here\r\n\r\n', /line 2 is no header/],
  ['a: b\nno header here\n\n', /line 2 is no header/],
  ['content-length: 5\n\nbody', /4 bytes of body where content-length says 5/],
  ['content-length: five\n\nbody', /no number/],
  ['transfer-encoding: chunked\n\n4\nbody\n0\n\n', /in chunks/],
] as const) {
  test(`refused: ${JSON.stringify(text)}`, () => {
    const request = read(text)
    assert.ok(!request.ok)
    assert.match(request.problem, problem)
  })
}
