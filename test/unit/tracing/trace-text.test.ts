import assert from 'node:assert/strict'
import { test } from 'node:test'

import { maxTraceStateLength, readTrace, traceIdOf, writeTrace } from '../../../src/tracing/trace-text.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('what is written is read again', () => {
  for (const tracestate of [undefined, 'a=1', 'a=1,b=2', 'vendor@tenant=x y']) {
    const context = { traceparent, ...(tracestate !== undefined && { tracestate }) }
    const { traceId, flags, ...read } = readTrace(writeTrace(context)) ?? {}
    assert.deepEqual(read, context)
    assert.deepEqual([traceId, flags], ['0af7651916cd43dd8448eb211c80319c', '01'])
  }
})

test('a tracestate that is too long is left out whole', () => {
  const longest = `a=${'x'.repeat(maxTraceStateLength - 2)}`
  assert.equal(writeTrace({ traceparent, tracestate: longest }), `${traceparent} ${longest}`)
  assert.equal(writeTrace({ traceparent, tracestate: `${longest}x` }), traceparent)
})

test('what was not written here is no trace, and no header', () => {
  const others = [
    undefined,
    '',
    'x',
    traceparent.toUpperCase(),
    `01${traceparent.slice(2)}`,
    `${traceparent} a\r\nb: c`,
  ]
  for (const text of [...others, `${traceparent} `, `${traceparent}-01`]) assert.equal(readTrace(text), undefined, text)
})

const about = (uid: string, eventId: string) => traceIdOf({ owner: { uid }, eventId })

test('the trace of an event that came without one is that of its object and its id', () => {
  assert.match(about('uid-1', 'msg_1'), /^[0-9a-f]{32}$/)
  assert.equal(about('uid-1', 'msg_1'), about('uid-1', 'msg_1'))
  assert.equal(new Set([about('uid-1', 'msg_1'), about('uid-2', 'msg_1'), about('uid-1', 'msg_2')]).size, 3)
})
